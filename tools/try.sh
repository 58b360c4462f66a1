#!/bin/sh
# Three commands for a shop that is up; they work when pasted, without curl too.
set -eu
cd "$(dirname "$0")/.."
url=$(.venv/bin/msctl status --json | .venv/bin/python -c 'import json, sys; print(json.load(sys.stdin)["gateway"]["url"])')
token='$(.venv/bin/msctl token issue)'
if command -v curl >/dev/null; then
    bearer="-H \"Authorization: Bearer $token\""
    order="curl -s $bearer $url/api/orders -H 'Content-Type: application/json' -d '{\"sku\": \"WIDGET\", \"quantity\": 1, \"customer\": \"ann\"}'"
    list="curl -s $bearer '$url/api/orders?limit=5'"
else
    ask=".venv/bin/python -c 'import sys; from urllib.request import Request, urlopen; print(urlopen(Request"
    bearer="\"Authorization\": \"Bearer \" + sys.argv[1]"
    order="$ask(\"$url/api/orders\", b\"{\\\"sku\\\": \\\"WIDGET\\\", \\\"quantity\\\": 1, \\\"customer\\\": \\\"ann\\\"}\", {\"Content-Type\": \"application/json\", $bearer})).read().decode())' $token"
    list="$ask(\"$url/api/orders?limit=5\", None, {$bearer})).read().decode())' $token"
fi
cat <<TEXT

The shop is up at $url. Try:

  $order
  $list
  .venv/bin/msctl status --watch
TEXT
