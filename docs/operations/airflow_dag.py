"""A night as an Airflow DAG: the list of a day, delivered, and what came of the list of a week ago.

A night that is run again by hand repeats itself: the folder is the day's, and a list is delivered once. An alarm (exit
code 3) skips its task, so that it shows in the grid without failing the night.
"""

import pendulum
from airflow import DAG
from airflow.operators.bash import BashOperator

DAY = "{{ data_interval_end | ds }}"
OLD = "lists/{{ macros.ds_add(data_interval_end | ds, -8) }}"

with DAG(
    "churn",
    schedule="30 3 * * *",
    start_date=pendulum.datetime(2024, 1, 1, tz="Asia/Seoul"),
    catchup=False,
    max_active_runs=1,
) as dag:
    here = {"cwd": "/srv/churn", "append_env": True}
    score = BashOperator(
        task_id="score",
        bash_command=f"churn score --run runs/current --config churn.yaml --cutoff {DAY} --out lists/{DAY} --log json",
        retries=2,
        **here,
    )
    deliver = BashOperator(
        task_id="deliver",
        bash_command=f"churn deliver --run lists/{DAY} --config delivery.yaml --log json",
        retries=2,
        **here,
    )
    outcomes = BashOperator(
        task_id="outcomes",
        bash_command=f"test ! -d {OLD} || churn outcomes --run {OLD} --config churn.yaml --log json",
        skip_on_exit_code=3,
        **here,
    )
    score >> deliver >> outcomes
