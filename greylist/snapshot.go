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

// The format of a snapshot, with big-endian numbers:
//
//   - a line with the name and version of the format;
//   - blocks, each with the number of records in 32 bits, the records of 32 bytes
//     each, and the CRC-32C of the block so far;
//   - an empty block;
//   - the number of all records in 64 bits, and its CRC-32C.
const (
	snapshotHeader = "mxrules greylist snapshot 1\n"
	blockRecords   = 2048
	snapshotRecord = len(Key{}) + recordSize
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errDamaged = errors.New("greylist: the snapshot is damaged")

// Snapshot writes all records to w, in a binary format for Restore. Records that
// are written to m meanwhile may or may not be included.
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
			block, _ = s.record.record().AppendBinary(block) // the error is always nil
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

// Restore reads a snapshot and merges its records into m: records that m has
// already remain. A snapshot that is truncated or altered, data in another format
// and a failing reader are errors. The records before the fault are restored; no
// altered record is.
func (m *Memory) Restore(r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<16)
	header := make([]byte, len(snapshotHeader))
	if _, err := io.ReadFull(in, header); err != nil {
		return damaged("the header", err)
	}
	if string(header) != snapshotHeader {
		return fmt.Errorf("greylist: not a snapshot of version 1: it begins with %q", header)
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
		return damaged("the number of records", err)
	}
	if !checked(end) || binary.BigEndian.Uint64(end) != total {
		return fmt.Errorf("%w: the number of records is wrong", errDamaged)
	}
	return nil
}

// readBlock reads a block into buffer and returns its records.
func readBlock(in io.Reader, buffer []byte) ([]byte, error) {
	if _, err := io.ReadFull(in, buffer[:4]); err != nil {
		return nil, damaged("a block", err)
	}
	n := binary.BigEndian.Uint32(buffer)
	if n > blockRecords {
		return nil, fmt.Errorf("%w: the length of a block is out of range", errDamaged)
	}
	block := buffer[:4+int(n)*snapshotRecord+4]
	if _, err := io.ReadFull(in, block[4:]); err != nil {
		return nil, damaged("a block", err)
	}
	if !checked(block) {
		return nil, fmt.Errorf("%w: the checksum of a block is wrong", errDamaged)
	}
	return block[4 : len(block)-4], nil
}

// checked reports whether b ends with the checksum of the bytes before it.
func checked(b []byte) bool {
	content, sum := b[:len(b)-4], b[len(b)-4:]
	return crc32.Checksum(content, castagnoli) == binary.BigEndian.Uint32(sum)
}

// damaged returns the error for a snapshot that ends too soon, or that of a
// failing reader.
func damaged(where string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends within %s", errDamaged, where)
	}
	return fmt.Errorf("greylist: reading the snapshot: %w", err)
}
