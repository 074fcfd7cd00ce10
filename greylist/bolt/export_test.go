package bolt

import "time"

// OpenWith is Open with logs that are long at a number of records, and transactions
// that move a number of them.
func OpenWith(path string, long, moved int) (*Store, error) {
	return openStore(path, Options{Timeout: 10 * time.Second}, limits{long, moved})
}
