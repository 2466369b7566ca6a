#!/bin/sh
# Makes every experiment that docs/findings.md and docs/claims.md quote, and prints their tables.
#
#   docs/findings.sh run     the experiments, each into a folder below findings/; what is whole is left as it is, what was stopped goes on
#   docs/findings.sh tables  their figures as Markdown, out of the summaries (both need jq)
#   docs/findings.sh page    writes these tables into docs/findings.md; figures in sentences are for whoever reads them
#
# DEPIN names the binary (default: target/release/depin), RUNS the runs of each experiment (default: 40).
set -eu
depin=${DEPIN:-target/release/depin}
runs=${RUNS:-40}
few=${FEW:-20}
out=findings
networks="helium filecoin render akash io.net"

# whole FOLDER: a run that was stopped leaves a summary and a report of the runs that are done, too
whole() {
  [ -f "$1/summary.json" ] && jq -e '.runs.finished == .runs.asked' "$1/summary.json" > /dev/null
}

# experiment FOLDER RUNS ARGUMENTS…
experiment() {
  folder=$out/$1 count=$2
  shift 2
  if [ ! -f "$folder/experiment.json" ]; then
    "$depin" sim run "$@" --years 3 --runs "$count" --seed 1 --out "$folder" > /dev/null
  elif ! whole "$folder"; then
    "$depin" sim resume "$folder" > /dev/null
  fi
}

run() {
  for network in $networks; do
    for scenario in baseline ai-boom; do
      for price in endogenous gbm; do
        experiment "$network-$scenario-$price" "$runs" "$network" --scenario "$scenario" --set "scenario.market.price=$price"
      done
    done
  done
  # What only claims ask for: the same chance and assumptions as above, one thing changed.
  experiment helium-no-burn "$few" helium --set scenario.links.demand-burn=false
  experiment render-idle "$few" render --set scenario.demand.studios.size=0 --set scenario.demand.artists.size=0 \
    --set scenario.demand.compute.size=0
  experiment render-ahead "$few" render --scenario ai-boom --set scenario.boom.demand.on=false --set scenario.boom.outside.on=false \
    --set scenario.boom.hardware.on=false --set scenario.boom.cloud.on=false --set scenario.boom.bust.on=false
  experiment io.net-low-stake "$few" io.net --set "network.incentive.pledge.device.per-unit=1 IO"
}

# line NAME KPI…: of each the median with twice its standard error, the band from P5 to P95, and ? where the sign is undecided
line() {
  name=$1
  shift
  [ -f "$out/$name/summary.json" ] || return 0
  whole "$out/$name" || { echo "$out/$name has not all of its runs: docs/findings.sh run" >&2; exit 1; }
  jq -r --arg name "$name" '
    def places($n): . * pow(10; $n) | round | . / pow(10; $n) | tostring
      | if test("[.]") then capture("^(?<all>-?[0-9]+[.][0-9]{0,\($n)})").all | sub("0+$"; "") | sub("[.]$"; "") else . end;
    def digits: (if . < 0 then -. else . end) as $size
      | if $size < 0.00005 then "0" elif $size < 0.1 then places(4) elif $size < 1 then places(3) elif $size < 10 then places(2)
        elif $size < 100 then places(1) elif $size < 10000 then places(0) elif $size < 1000000 then (. / 1000 | places(0)) + " k"
        elif $size < 10000000 then (. / 1000000 | places(2)) + " M" elif $size < 1000000000 then (. / 1000000 | places(0)) + " M"
        else (. / 1000000000 | places(2)) + " G" end;
    def shown: if type == "string" then . elif . == null then "-" else digits end;
    def cell: if . == null or .runs == 0 then "-" else (.p50.value | shown) + (if .p50.error then " ± " + (2 * .p50.error | digits) else "" end)
      + " [" + (.p5.value | shown) + "; " + (.p95.value | shown) + "]" + (if .sign == "undecided" then " ?" else "" end) end;
    . as $all | [$name] + [$ARGS.positional[] as $id | $all.kpis[$id] // $all.differences["no-tokens"][$id] | cell] | "| " + join(" | ") + " |"
  ' "$out/$name/summary.json" --args "$@"
}

# table TITLE KPI…: a line for each of $experiments
table() {
  title=$1
  shift
  printf '\n**%s**\n\n| experiment |' "$title"
  for id in "$@"; do printf ' `%s` |' "${id#conversion.}"; done
  printf '\n|---|'
  for id in "$@"; do printf '%s' '---|'; done
  printf '\n'
  for one in $experiments; do line "$one" "$@"; done
}

tables() {
  experiments=
  for network in $networks; do
    for scenario in baseline ai-boom; do
      for price in endogenous gbm; do experiments="$experiments $network-$scenario-$price"; done
    done
  done
  for recipient in providers stakers holders; do
    of=conversion.$recipient
    table "Rewards to $recipient: per dollar when earned" "$of.use.earned.average" "$of.use.earned.incremental" \
      "$of.paid.earned.average" "$of.paid.earned.incremental" "$of.revenue.earned.average" "$of.revenue.earned.incremental"
  done
  table "Rewards to providers: per dollar when sold, and per percent of supply" conversion.providers.paid.sold.average \
    conversion.providers.paid.sold.incremental conversion.providers.paid.dilution.average conversion.providers.paid.dilution.incremental
  table "Less the same run without rewards, over the whole run or at its end" useful_usage paid_usage revenue_third_usd capacity providers
  experiments="$experiments helium-no-burn render-idle render-ahead io.net-low-stake"
  table "The token" burn-to-mint months-to-burn-over-mint net-issuance dilution price-change death-spiral staked-share locked-share
  table "The service" utilisation utilisation-change utilisation-change.demand utilisation-change.supply subsidy-ratio demand-served price-to-cloud
  table "Providers" payback-months margin capital-in capital-recovered capacity-to-central months-to-double-capacity months-to-double-capacity.central
}

page() {
  { sed '/^## The tables$/q' docs/findings.md; tables; } > docs/findings.md.new
  mv docs/findings.md.new docs/findings.md
}

case "${1:-}" in
  run) run ;;
  tables) tables ;;
  page) page ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 1 ;;
esac
