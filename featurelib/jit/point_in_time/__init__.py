"""Machine code of the offline pass over events: sort once, then slide over each entity's queries.

Columns come in as plain arrays. Times are int64 microseconds; ids and sequences are unsigned words
that compare as they should (`order_word`). An entity is a dense number, a group of rows.
"""
