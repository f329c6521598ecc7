#!/usr/bin/env bash
# Imports domains, orders inboxes on them, forwards them and cancels: the script that docs/imports.md explains.
#
# Usage: KEY=pk_test_… docs/import-workflow.sh
# BASE is the address of the API, http://127.0.0.1:8080/partner/v1 by default. Needs curl and python3.
# Each run takes new names, so it can be run again.
set -euo pipefail

: "${BASE:=http://127.0.0.1:8080/partner/v1}"
: "${KEY:?set KEY to a pk_test_… key}"
: "${TAG:=acme$(date +%s)-$RANDOM}"

# api METHOD PATH [BODY]: one request; the answer on stdout.
api() {
    curl -sS --fail-with-body -X "$1" "$BASE$2" -H "Authorization: Bearer $KEY" \
        ${3:+-H "Content-Type: application/json" -d "$3"}
}

# pick PATH: one value of the answer on stdin, such as costs.total_cents or 0.id.
pick() {
    python3 -c '
import json, sys
value = json.load(sys.stdin)["data"]
for step in sys.argv[1].split("."):
    value = value[int(step)] if isinstance(value, list) else value[step]
print(value if isinstance(value, str) else json.dumps(value))' "$1"
}

# wait_for PATH FIELD VALUE: asks until the field has the value, for a minute at most.
wait_for() {
    for _ in $(seq 60); do
        if [ "$(api GET "$1" | pick "$2")" = "$3" ]; then return; fi
        sleep 1
    done
    echo "$1: $2 did not become $3" >&2
    return 1
}

echo "1. Import"
OWN="$TAG-owned.com"
PENDING="nspending-$TAG.com"
IMPORT=$(api POST /domains/import "{\"domains\":[\"$OWN\",\"$PENDING\",\"mail.$OWN\"]}")
echo "$IMPORT" | pick status
echo "$IMPORT" | pick completed
echo "$IMPORT" | pick failed

echo "2. Nameservers"
echo "$IMPORT" | pick nameserver_groups
api GET "/domains/import?domains=$OWN,$PENDING" | pick 0.nameservers

echo "3. Wait until the nameservers are seen"
wait_for "/domains/import?domains=$OWN" 0.status available
api GET "/domains/import?domains=$PENDING" | pick 0.status

echo "4. Order"
DOMAINS="\"$OWN\",\"$PENDING\""
for NUMBER in 01 02 03 04 05 06 07 08 09 10; do DOMAINS="$DOMAINS,\"$TAG-$NUMBER.com\""; done
ORDER=$(api POST /orders '{
  "user": "client@example.com",
  "sequencer": {
    "provider": "smartlead", "client_id": 366903,
    "login_email": "sequencer@example.com", "login_password": "correct horse battery staple"
  },
  "google_licenses": 20, "google_inboxes_per_domain": 2,
  "microsoft_licenses": 2, "microsoft_inboxes_per_domain": 50,
  "domains": ['"$DOMAINS"'],
  "personas": [{ "first_name": "Sam", "last_name": "Lee", "profile_picture_url": null }]
}' | pick id)
api GET "/orders/$ORDER" | pick costs
api GET "/orders/$ORDER" | pick domains.imported

echo "5. Pending actions"
wait_for "/orders/$ORDER" status action_required
ACTION=$(api GET "/orders/pending?order_id=$ORDER" | pick 0.id)
api GET "/orders/pending?order_id=$ORDER" | pick 0.message
api POST "/sandbox/actions/$ACTION/resolve" | pick status
wait_for "/orders/$ORDER" status completed
api GET "/orders/$ORDER" | pick progress

echo "6. Forwarding"
FORWARDING=$(api POST /domains/forwarding "{
  \"domains\": [\"$OWN\", \"$PENDING\"], \"forwarding_url\": \"https://www.example.com/welcome\"
}" | pick id)
wait_for "/domains/forwarding/$FORWARDING" status completed
api GET "/domains/forwarding/$FORWARDING" | pick completed

echo "7. Import many"
JOB=$(api POST /domains/import/jobs "{\"domains\":[\"$TAG-more-1.com\",\"$TAG-more-2.com\",\"co.uk\"]}" | pick id)
wait_for "/domains/import/jobs/$JOB" status completed
api GET "/domains/import/jobs/$JOB" | pick failed

echo "8. Cancel"
api POST "/orders/$ORDER/cancel" "{\"domains\":[\"$TAG-01.com\"]}" | pick cancelling_domains
api POST "/orders/$ORDER/cancel" '{"scope":"order"}' | pick status
api GET "/orders/$ORDER" | pick cancels_at
echo "Done"
