package app

import (
	"context"

	"motcua/internal/core/identity"
	"motcua/internal/modules/admin"
	"motcua/internal/modules/pack"
	"motcua/packs"
)

// packDesk gives administration the sector packs, in its own plain terms.
type packDesk struct{ packs *pack.Service }

// packSource is an uploaded pack as the pack room takes it.
func packSource(f admin.PackFiles) []pack.Source { return []pack.Source{{Where: "pack", Files: f}} }

func (d packDesk) Loaded(ctx context.Context) ([]admin.PackState, error) {
	loads, err := d.packs.List(ctx)
	all := make([]admin.PackState, len(loads))
	for i, l := range loads {
		all[i] = admin.PackState{Code: l.Pack, Name: l.Name, Version: l.Version, Procedures: l.Content.Procedures, LoadedAt: l.LoadedAt, LoadedBy: l.LoadedBy}
	}
	return all, err
}

func (d packDesk) History(ctx context.Context, code string) ([]admin.PackLoad, error) {
	loads, err := d.packs.History(ctx, code)
	all := make([]admin.PackLoad, 0, len(loads))
	for _, l := range loads {
		if len(all) == 50 {
			break
		}
		all = append(all, admin.PackLoad{Number: l.Number, Version: l.Version, State: string(l.State), LoadedAt: l.LoadedAt, LoadedBy: l.LoadedBy})
	}
	return all, err
}

func (d packDesk) Plan(ctx context.Context, files admin.PackFiles) (admin.PackPlan, error) {
	out, err := d.packs.Diff(ctx, packSource(files))
	if err != nil {
		return admin.PackPlan{}, err
	}
	var plan admin.PackPlan
	for _, p := range out.Report.Packs {
		plan.Code, plan.Name.VI, plan.Name.EN, plan.Version = p.Code, p.Name, p.Name, p.Version
	}
	for _, p := range out.Report.Problems {
		plan.Problems = append(plan.Problems, admin.PackProblem{Where: p.Pos.String(), What: p.Message})
	}
	for _, c := range out.Report.Failed() {
		for _, p := range c.Problems {
			plan.Problems = append(plan.Problems, admin.PackProblem{Where: p.Pos.String(), What: c.Name + ": " + p.Message})
		}
	}
	for _, p := range out.Report.Gaps {
		plan.Problems = append(plan.Problems, admin.PackProblem{Where: p.Pos.String(), What: p.Message})
	}
	plan.Cases = len(out.Report.Cases) - len(out.Report.Failed())
	for _, c := range out.Changes {
		change := admin.PackChange{Kind: c.Kind, What: c.What, ID: c.ID, Name: c.Name}
		for _, f := range c.Fields {
			change.Fields = append(change.Fields, admin.PackField{Path: f.Path, Old: f.Old, New: f.New})
		}
		plan.Changes = append(plan.Changes, change)
	}
	return plan, nil
}

func (d packDesk) Load(ctx context.Context, files admin.PackFiles) error {
	_, err := d.packs.Load(ctx, packSource(files))
	return err
}

func (d packDesk) Rollback(ctx context.Context, code string) error {
	_, err := d.packs.Rollback(ctx, code)
	return err
}

// LoadPacks puts packs in force: those at the paths, or the shipped ones.
func (a *App) LoadPacks(ctx context.Context, paths []string, dry bool) (pack.Outcome, error) {
	ctx = identity.With(ctx, identity.System)
	if len(paths) == 0 && !dry {
		return a.Rooms.Packs.LoadEmbedded(ctx)
	}
	var list []pack.Source
	var err error
	if len(paths) == 0 {
		list, err = pack.Embedded(packs.FS)
	} else {
		list, err = pack.Open(paths...)
	}
	if err != nil {
		return pack.Outcome{}, err
	}
	if dry {
		return a.Rooms.Packs.Diff(ctx, list)
	}
	return a.Rooms.Packs.Load(ctx, list)
}

// Packs are the packs in force.
func (a *App) Packs(ctx context.Context) ([]pack.Load, error) {
	return a.Rooms.Packs.List(identity.With(ctx, identity.System))
}
