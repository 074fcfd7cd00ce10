// Command api prints what the packages below a directory export: every exported
// declaration, without comments, bodies and unexported fields, sorted. The
// output is compared in review, so that no change of the API goes unseen.
//
//	api MODULE-DIRECTORY
package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: api MODULE-DIRECTORY")
		os.Exit(2)
	}
	if err := show(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func show(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || !entry.IsDir():
			return err
		case skipped(root, path, entry.Name()):
			return filepath.SkipDir
		}
		declarations, err := exported(path)
		if len(declarations) == 0 || err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		fmt.Printf("package %s\n\n%s\n\n", filepath.ToSlash(name), strings.Join(declarations, "\n"))
		return err
	})
}

// skipped reports whether a directory holds no package that a user can import.
func skipped(root, path, name string) bool {
	return path != root && (strings.HasPrefix(name, ".") || name == "internal" || name == "testdata" || name == "examples")
}

// exported returns the exported declarations of the package in dir, sorted.
func exported(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var declarations []string
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if file.Name.Name == "main" || !ast.FileExports(file) {
			continue
		}
		for _, declaration := range file.Decls {
			texts, err := texts(set, declaration)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			declarations = append(declarations, texts...)
		}
	}
	slices.Sort(declarations)
	return declarations, nil
}

// texts returns a declaration as source, one text for each name of a group. A
// group of constants stays together: its values may depend on their order.
func texts(set *token.FileSet, declaration ast.Decl) ([]string, error) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		d.Body = nil
		if d.Recv != nil {
			d.Recv.List[0].Names = nil // the name of a receiver is no promise
		}
		return one(set, d)
	case *ast.GenDecl:
		switch d.Tok {
		case token.IMPORT:
			return nil, nil
		case token.CONST:
			return one(set, d)
		}
		var all []string
		for _, spec := range d.Specs {
			if variable, ok := spec.(*ast.ValueSpec); ok {
				variable.Values = nil
			}
			text, err := one(set, &ast.GenDecl{Tok: d.Tok, Specs: []ast.Spec{spec}})
			if err != nil {
				return nil, err
			}
			all = append(all, text...)
		}
		return all, nil
	}
	return nil, errors.New("a declaration that is neither a function nor a group")
}

func one(set *token.FileSet, node ast.Node) ([]string, error) {
	var source bytes.Buffer
	if err := format.Node(&source, set, node); err != nil {
		return nil, err
	}
	return []string{strings.ReplaceAll(source.String(), "\n\n", "\n")}, nil
}
