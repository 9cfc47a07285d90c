// Command run builds web/static from web/src; call it from the root of the repository.
package main

import (
	"fmt"
	"os"

	"motcua/web/build"
)

func main() {
	if err := build.Build("web"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
