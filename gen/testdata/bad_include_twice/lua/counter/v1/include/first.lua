local one = 1
