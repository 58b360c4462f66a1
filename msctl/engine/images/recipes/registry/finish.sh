install -d -o consul -g consul /consul /consul/config /consul/data
