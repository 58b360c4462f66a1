install -d -o redis -g redis /data
