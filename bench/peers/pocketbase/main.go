// Pocketbase as a peer: its own program with the two things this comparison needs.
// Commits wait for the disk (it ships with synchronous=NORMAL), and one collection
// stands ready whose records anybody may create and read, so that it spends
// nothing on who asks.
package main

import (
	"fmt"
	"log"
	"net"
	"os"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: pocketbase DIR")
	}
	app := pocketbase.NewWithConfig(pocketbase.Config{
		DefaultDataDir:  os.Args[1],
		HideStartBanner: true,
		DBConnect: func(path string) (*dbx.DB, error) {
			return dbx.Open("sqlite", path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=journal_size_limit(200000000)"+
				"&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-32000)")
		},
	})
	if err := run(app); err != nil {
		log.Fatal(err)
	}
}

func run(app *pocketbase.PocketBase) error {
	if err := app.Bootstrap(); err != nil {
		return err
	}
	if err := app.RunAllMigrations(); err != nil {
		return err
	}
	if err := dossiers(app); err != nil {
		return err
	}
	// Its server takes an address; a free port is found first.
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := ln.Addr().String()
	if err := ln.Close(); err != nil {
		return err
	}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		err := e.Next()
		fmt.Println("listening http://" + address)
		return err
	})
	return apis.Serve(app, apis.ServeConfig{HttpAddr: address, ShowStartBanner: false})
}

// fields of a birth registration, as the form asks for them.
const fields = `requester_name requester_no requester_phone relation child_name child_gender child_birth born_at facility
	child_ethnic child_nationality mother_name mother_no mother_birth`

func dossiers(app core.App) error {
	if _, err := app.FindCollectionByNameOrId("dossiers"); err == nil {
		return nil
	}
	c := core.NewBaseCollection("dossiers")
	c.CreateRule, c.ViewRule, c.ListRule = types.Pointer(""), types.Pointer(""), types.Pointer("")
	c.Fields.Add(&core.TextField{Name: "offer", Required: true, Max: 128})
	for _, name := range strings.Fields(fields) {
		c.Fields.Add(&core.TextField{Name: name, Required: true, Max: 200})
	}
	c.Fields.Add(&core.JSONField{Name: "places"}, &core.BoolField{Name: "sworn", Required: true},
		&core.FileField{Name: "birth_notice", MaxSelect: 1, MaxSize: 5 << 20, MimeTypes: []string{"application/pdf"}, Required: true},
		&core.AutodateField{Name: "created", OnCreate: true})
	c.AddIndex("dossiers_created", false, "created", "")
	return app.Save(c)
}
