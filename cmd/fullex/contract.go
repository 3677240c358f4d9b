package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"fullex/cmd/fullex/internal/check"
	"fullex/cmd/fullex/internal/check/contractfile"
	"fullex/cmd/fullex/internal/target"
	"fullex/device/contract"
)

// contractFlags are the flags that say which answers are right.
func contractFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "profile", Value: string(contract.Fixed), Usage: "check against `PROFILE`: fixed; module, which also accepts what the original module does; or assignment, which accepts any error where its text is silent"},
		&cli.StringFlag{Name: "contract", Usage: "check against the contract in `FILE`, which changes a profile"},
		&cli.BoolFlag{Name: "print-contract", Usage: "print the contract as a file to edit, for --contract"},
	}
}

// contractOf returns the contract that the flags name.
func contractOf(c *cli.Context) (contractfile.File, error) {
	profile := contract.Profile(c.String("profile"))
	name := c.String("contract")
	if name == "" {
		return contractfile.Of(profile), nil
	}
	if !c.IsSet("profile") {
		profile = ""
	}
	return readContract(name, profile)
}

func readContract(name string, profile contract.Profile) (contractfile.File, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return contractfile.File{}, fmt.Errorf("--contract: %w", err)
	}
	file, err := contractfile.Read(text, profile)
	if err != nil {
		return contractfile.File{}, fmt.Errorf("--contract %s:%w", name, err)
	}
	return file, nil
}

// contractTarget returns the target of check: the argument, or the path in the contract.
func contractTarget(c *cli.Context, file contractfile.File) (target.Name, error) {
	if c.NArg() > 0 || file.Path == "" {
		return targetOnly(c)
	}
	path, err := file.Device()
	if err != nil {
		return target.Name{}, err
	}
	return target.AtPath(path), nil
}

// unrun returns options for the results of a run that cannot begin. They hide the cases
// that the flag --hide and the files of --contract name. If a file cannot be read they hide
// all cases.
func unrun(hide, files []string) check.Options {
	o := check.Options{Hide: hide}
	for _, name := range files {
		if name == "" {
			continue
		}
		file, err := readContract(name, "")
		if err != nil {
			file.Hidden = everyCase()
		}
		o.Hide, o.Contract = append(o.Hide, file.Hidden...), file.Contract
	}
	return o
}

func everyCase() (ids []string) {
	for _, c := range check.Cases(contract.Of(contract.Fixed)) {
		ids = append(ids, c.ID)
	}
	return ids
}
