package app

import (
	"context"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
)

// First is what an empty house needs before anybody can sign in and make the rest
// on the pages: the agency at the top and a person who administers it.
type First struct {
	Code   string // agency id (mã định danh) of the province, "H64"
	Agency string // its name; needed only when it is not there yet
	Login  string // of the administrator
	Name   string // full name; needed only when the account is not there yet
	Post   string // title of the post (vị trí)
}

// Found makes the agency, the account and the post with the role of administrator,
// as far as they are not there yet, and gives a secret with which the person
// chooses a password. Whoever runs it owns the data anyway; the journal says that it
// was the system. Errors: errs.Invalid with the fields of First, in small letters.
func (a *App) Found(ctx context.Context, f First) (secret string, until time.Time, err error) {
	ctx = identity.With(ctx, identity.System)
	agency, err := a.Rooms.Org.AgencyByCode(ctx, f.Code)
	if errs.Is(err, errs.NotFound) {
		agency, err = a.Rooms.Org.CreateAgency(ctx, org.Agency{
			Code: f.Code, Name: f.Agency, Kind: org.KindProvince, Level: org.LevelProvince, ValidFrom: civil.DateOf(a.opts.Now()),
		})
	}
	if err != nil {
		return "", time.Time{}, err
	}
	account, err := a.Rooms.Identity.FindStaff(ctx, f.Login)
	if errs.Is(err, errs.NotFound) {
		account, err = a.Rooms.Identity.CreateStaff(ctx, identity.NewAccount{Login: f.Login, Name: f.Name, AgencyID: agency.ID})
	}
	if err != nil {
		return "", time.Time{}, err
	}
	who, err := a.Rooms.Identity.Actor(ctx, account.ID)
	if err != nil {
		return "", time.Time{}, err
	}
	if !who.MayAt(identity.AdminAccounts, agency.Path) {
		post, err := a.Rooms.Org.SavePost(ctx, org.Post{AgencyID: agency.ID, Title: f.Post, Roles: []string{"admin"}})
		if err != nil {
			return "", time.Time{}, err
		}
		if _, err := a.Rooms.Org.Assign(ctx, org.AssignInput{PostID: post.ID, AccountID: account.ID}); err != nil {
			return "", time.Time{}, err
		}
	}
	return a.Rooms.Identity.ResetLink(ctx, account.ID)
}
