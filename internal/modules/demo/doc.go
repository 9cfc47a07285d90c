// Package demo fills an empty house with a province to try everything on (tỉnh
// mẫu): agencies on two levels, their staff, citizens, and a year of dossiers in
// plausible states.
//
// Nobody in it exists. Names, numbers and addresses are drawn from a seeded
// generator, so that the same day, seed and size give the same province. Dossiers
// are not painted into tables: each is filed, received, worked and returned through
// the same services as a real one, by the same roles, at moments of the past year.
package demo
