"""HTTP/1.1 on the wire, read strictly: heads and body framing as synchronous values."""
