package greylist

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// The format of a snapshot: a line that names it and its version; blocks, each
// the number of its records in 32 bits, the records of 32 octets, and the
// CRC-32C of all that; an empty block; and the number of all records in 64 bits
// with its CRC-32C. Numbers are big-endian.
const (
	snapshotHeader = "mxrules greylist snapshot 1\n"
	blockRecords   = 2048
	snapshotRecord = len(Key{}) + RecordSize
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged is the error of Restore for a snapshot that is cut off or that was
// changed.
var ErrDamaged = errors.New("the snapshot of greylisting is damaged")

// Snapshot writes all records. Others may write into the store meanwhile; what
// they write is in the snapshot or not.
func (m *Memory) Snapshot(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<16)
	out.WriteString(snapshotHeader) // errors of a bufio.Writer stay until Flush
	total, block := uint64(0), make([]byte, 4, 4+blockRecords*snapshotRecord+4)
	flush := func() {
		binary.BigEndian.PutUint32(block, uint32((len(block)-4)/snapshotRecord))
		out.Write(binary.BigEndian.AppendUint32(block, crc32.Checksum(block, castagnoli)))
		block = block[:4]
	}
	for i := range m.shards {
		for _, s := range m.shards[i].records() {
			block = append(block, s.key[:]...)
			block, _ = s.record.record().AppendBinary(block) // it never fails
			if total++; len(block) == 4+blockRecords*snapshotRecord {
				flush()
			}
		}
	}
	if len(block) > 4 {
		flush()
	}
	flush() // the empty block
	end := binary.BigEndian.AppendUint64(nil, total)
	out.Write(binary.BigEndian.AppendUint32(end, crc32.Checksum(end, castagnoli)))
	return out.Flush()
}

// Restore reads what Snapshot has written and merges it into the store, so that
// what the store knows already stays. If the snapshot is damaged the error is
// ErrDamaged or wraps it, and the blocks before the damage, which are whole, are
// in the store. One of another version, and what is no snapshot at all, are
// errors that say so.
func (m *Memory) Restore(r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<16)
	header := make([]byte, len(snapshotHeader))
	if _, err := io.ReadFull(in, header); err != nil {
		return damaged("its header", err)
	}
	if string(header) != snapshotHeader {
		return fmt.Errorf("this is no snapshot of greylisting of version 1: it begins with %q", header)
	}
	total, block := uint64(0), make([]byte, 4+blockRecords*snapshotRecord+4)
	for {
		records, err := readBlock(in, block)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			break
		}
		for ; len(records) > 0; records = records[snapshotRecord:] {
			var record Record
			if err := record.UnmarshalBinary(records[len(Key{}):snapshotRecord]); err != nil {
				return err
			}
			if err := m.Merge(context.Background(), Key(records), record); err != nil {
				return err
			}
			total++
		}
	}
	end := block[:8+4]
	if _, err := io.ReadFull(in, end); err != nil {
		return damaged("its end", err)
	}
	if !checked(end) || binary.BigEndian.Uint64(end) != total {
		return fmt.Errorf("%w: it does not hold as many records as it says", ErrDamaged)
	}
	return nil
}

// readBlock reads one block into buffer and returns its records.
func readBlock(in io.Reader, buffer []byte) ([]byte, error) {
	if _, err := io.ReadFull(in, buffer[:4]); err != nil {
		return nil, damaged("a block", err)
	}
	n := binary.BigEndian.Uint32(buffer)
	if n > blockRecords {
		return nil, fmt.Errorf("%w: a block has an impossible length", ErrDamaged)
	}
	block := buffer[:4+int(n)*snapshotRecord+4]
	if _, err := io.ReadFull(in, block[4:]); err != nil {
		return nil, damaged("a block", err)
	}
	if !checked(block) {
		return nil, fmt.Errorf("%w: a block does not have its checksum", ErrDamaged)
	}
	return block[4 : len(block)-4], nil
}

// checked reports whether b ends in the checksum of what stands before.
func checked(b []byte) bool {
	content, sum := b[:len(b)-4], b[len(b)-4:]
	return crc32.Checksum(content, castagnoli) == binary.BigEndian.Uint32(sum)
}

// damaged is the error of reading that ends too soon. A reader that fails is no
// damage.
func damaged(where string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends in %s", ErrDamaged, where)
	}
	return fmt.Errorf("reading the snapshot of greylisting: %w", err)
}
