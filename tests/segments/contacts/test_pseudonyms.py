import csv
import hashlib
import hmac
import stat

import pytest

from churn.segments import Pseudonyms

HOSTILE = ['=HYPERLINK("http://evil.example")', "<script>", 'quo"ted, id', "two\nlines", "\r=1+1", "007", "名前"]


@pytest.fixture
def names(tmp_path):
    return Pseudonyms.make(tmp_path / "apart" / "key", outside=tmp_path / "run")


def test_a_hash_is_the_hmac_of_the_id_s_text(names):
    expected = hmac.new(names.key, b"ann", hashlib.sha256).hexdigest()
    assert names(["ann", 7]) == [expected, *names(["7"])]


def test_the_key_is_made_once_and_only_its_owner_reads_it(names, tmp_path):
    path = tmp_path / "apart" / "key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Pseudonyms.make(path, outside=tmp_path / "run")(["ann"]) == names(["ann"])
    other = Pseudonyms.make(tmp_path / "other", outside=tmp_path / "run")
    assert other(["ann"]) != names(["ann"])


def test_the_key_does_not_show_when_it_is_printed(names):
    assert names.key.decode() not in repr(names)


def test_a_table_of_the_user_s_own_is_not_taken_for_the_ids_and_a_killed_command_s_half_is_swept(
    names, tmp_path, refused
):
    mine, half = tmp_path / "apart" / "ids.csv", tmp_path / "apart" / ".churn-partial-1-ids.csv"
    half.write_text("hash,user_id\nx,ann\n")
    names.remember(["ann"])
    assert not half.exists()
    mine.write_text("name,phone\nann,1\nbob,2\n")
    for use in (lambda: names.remember(["eve"]), lambda: Pseudonyms.open(names.path, outside=tmp_path / "run")):
        with refused(f"no table of yours at {mine}", "the columns name, phone", "keep the key elsewhere"):
            use()
    assert mine.read_text() == "name,phone\nann,1\nbob,2\n"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", None], ids=["empty", "no text", "a folder"])
def test_whatever_else_is_called_as_the_ids_are_is_one_line(content, names, tmp_path, refused):
    mine = tmp_path / "apart" / "ids.csv"
    mine.mkdir() if content is None else mine.write_bytes(content)
    with refused(f"no table of yours at {mine}", "the columns none", "keep the key elsewhere"):
        names.remember(["ann"])


def test_ids_are_remembered_beside_the_key_once_each_and_defused(names, tmp_path):
    path = names.remember(HOSTILE)
    names.remember([*HOSTILE[:2], "later"])
    assert path == tmp_path / "apart" / "ids.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["hash"] for row in rows] == names([*HOSTILE, "later"])
    ids = [row["user_id"] for row in rows]
    assert ids[0] == "'" + HOSTILE[0]
    assert ids[1:4] == HOSTILE[1:4]
    assert not [text for text in ids if text.startswith(("=", "+", "-", "@", "\r", "\n", "\t"))]


@pytest.mark.parametrize("inside", ["run/key", "run/deep/key", "other/../run/key"])
def test_a_key_inside_the_run_s_folder_is_refused_and_not_made(inside, tmp_path, refused):
    with refused("outside the folder", "key", "apart"):
        Pseudonyms.make(tmp_path / inside, outside=tmp_path / "run")
    assert not list(tmp_path.rglob("key"))


def test_a_key_that_is_gone_is_not_made_anew_where_ids_are_to_be_recognised(tmp_path, refused):
    with refused("segments.id_key", "key", "bring it back"):
        Pseudonyms.open(tmp_path / "key", outside=tmp_path / "run")
    assert not (tmp_path / "key").exists()


def test_a_short_key_is_refused(tmp_path, refused):
    (tmp_path / "key").write_text("secret\n")
    with refused("at least 16 bytes", "6", "longer"):
        Pseudonyms.open(tmp_path / "key", outside=tmp_path / "run")


def test_a_key_that_cannot_be_made_is_refused(tmp_path, refused):
    (tmp_path / "file").write_text("in the way")
    with refused("can be made", "file", "correct"):
        Pseudonyms.make(tmp_path / "file" / "key", outside=tmp_path / "run")
