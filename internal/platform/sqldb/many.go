package sqldb

// AtOnce is how many rows of so many columns one statement best carries. The driver of
// SQLite looks every parameter's name up by walking the list of them, so that the time
// of a statement grows with the square of its parameters: eight thousand of them cost
// more to name than to write.
func AtOnce(columns int) int { return max(1, 1000/max(1, columns)) }
