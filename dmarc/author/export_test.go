package author

// Parse parses the value of a From field.
func Parse(value string) (Authors, error) { return parse(value) }
