CREATE TABLE orders (number bigint PRIMARY KEY);
