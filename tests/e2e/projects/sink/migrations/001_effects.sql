CREATE TABLE effects (place bigserial PRIMARY KEY, number bigint NOT NULL, customer text NOT NULL);
