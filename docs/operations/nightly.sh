#!/bin/sh
# A night: yesterday's log to today's list, the list to the team, and what came of the list of a week ago.
#   nightly.sh [DAY]      DAY is the first day that is not known; by default today, in the zone of data.zone (set TZ)
# It works in the current folder: churn.yaml, delivery.yaml, runs/current (a link to the run that scores), lists/, logs/.
set -u
day=${1:-$(date +%F)}
week_ago=$(date --date "$day - 8 days" +%F)   # a horizon of 7 days, and the night on which the log of its last day has come
mkdir -p lists logs
log() { churn "$@" --log json 2>>"logs/$day.jsonl"; }

log score --run runs/current --config churn.yaml --cutoff "$day" --out "lists/$day" || exit $?
log deliver --run "lists/$day" --config delivery.yaml || exit $?
alarm=0
if [ -d "lists/$week_ago" ]; then
    log outcomes --run "lists/$week_ago" --config churn.yaml || alarm=$?
fi
if [ -n "${CHURN_METRICS:-}" ]; then          # the folder that a node exporter's textfile collector reads
    cp "lists/$day/metrics.prom" "$CHURN_METRICS/churn.prom.new" && mv "$CHURN_METRICS/churn.prom.new" "$CHURN_METRICS/churn.prom"
fi
exit $alarm
