#!/bin/sh
# Three commands for a shop that is up; they work when pasted, without curl too.
set -eu
cd "$(dirname "$0")/.."
url=$(.venv/bin/msctl status --json | .venv/bin/python -c 'import json, sys; print(json.load(sys.stdin)["gateway"]["url"])')
if command -v curl >/dev/null; then
    order="curl -s -X POST $url/api/orders -H 'Content-Type: application/json' -d '{\"sku\": \"WIDGET\", \"quantity\": 1, \"customer\": \"ann\"}'"
    list="curl -s '$url/api/orders?limit=5'"
else
    ask=".venv/bin/python -c 'from urllib.request import Request, urlopen; print(urlopen(Request"
    order="$ask(\"$url/api/orders\", b\"{\\\"sku\\\": \\\"WIDGET\\\", \\\"quantity\\\": 1, \\\"customer\\\": \\\"ann\\\"}\", {\"Content-Type\": \"application/json\"})).read().decode())'"
    list="$ask(\"$url/api/orders?limit=5\")).read().decode())'"
fi
cat <<TEXT

The shop is up at $url. Try:

  $order
  $list
  .venv/bin/msctl status --watch
TEXT
