"""Events offline: records are read, put in order, and the queries of each entity answered."""
