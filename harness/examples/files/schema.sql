-- Run by the image's entry point before the server takes connections over TCP.
CREATE TABLE ship (name text PRIMARY KEY, launched integer NOT NULL);
INSERT INTO ship VALUES ('Fram', 1892), ('Vasa', 1627), ('Cutty Sark', 1869);
