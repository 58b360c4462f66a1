install -d -o 65534 -g 65534 /prometheus
