package demo

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/flow"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/civil"
)

// fate is how a dossier ends, when time is left for it to end.
type fate int

const (
	served    fate = iota // the result is handed over
	refused               // not received: status 3
	withdrawn             // taken back: status 7
	declined              // decided against: status 8
	forgotten             // what was asked for never came: status 8
)

// fates of the dossiers that are not held, in parts of a thousand.
var fates = []struct {
	fate  fate
	share float64
}{{served, 925}, {refused, 24}, {withdrawn, 18}, {declined, 19}, {forgotten, 14}}

// heldShare is how many of all dossiers are made to stand at some step today.
const heldShare = 0.075

// hold is a step at which a dossier shall stand today, and the turn off the straight
// way that leads there, if it lies beside it.
type hold struct {
	story *story
	step  string
	turn  *turn
}

// planner draws the lives before any of them begins. Everything about a life follows
// from the seed and its number.
type planner struct {
	seed    uint64
	r       *rand.Rand
	town    *town
	stories []*story
	start   time.Time
	end     time.Time
	decks   map[*story][]person // citizens whom a story suits, in the order in which they come
	next    map[*story]int
	days    []civil.Date // working days of the period, busier ones more than once
}

// plan draws n lives, in the order of their filing.
func (p *planner) plan(n int) []*life {
	p.r = rand.New(rand.NewPCG(p.seed, 2))
	p.decks, p.next = map[*story][]person{}, map[*story]int{}
	for _, s := range p.stories {
		var deck []person
		for _, c := range p.town.citizens {
			if fit(s.form.ID(), c, civil.DateOf(p.end).AddDays(-180)) {
				deck = append(deck, c)
			}
		}
		p.r.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		p.decks[s] = deck
	}
	p.calendar()
	holds := p.holds(n)
	free := n - len(holds)
	var all []*life
	for _, h := range holds {
		all = append(all, p.held(len(all), h))
	}
	stories := quota(p.r, free, len(p.stories), func(i int) float64 { return p.stories[i].weight })
	ends := quota(p.r, free, len(fates), func(i int) float64 { return fates[i].share })
	for i := range free {
		all = append(all, p.free(len(all), p.stories[stories[i]], fates[ends[i]].fate))
	}
	slices.SortStableFunc(all, func(a, b *life) int { return a.filed.Compare(b.filed) })
	return all
}

// calendar lists the working days, with more of the busy ones.
func (p *planner) calendar() {
	cal := p.town.offices["ward"].cal
	first, last := civil.DateOf(p.start), civil.DateOf(p.end)
	closed := 0
	for day := first; !day.After(last); day = day.AddDays(1) {
		if !cal.IsWorking(day) {
			closed++
			continue
		}
		times := 4
		switch {
		case closed > 2: // after Tết and long weekends people come back
			times = 7
		case day.Weekday() == time.Monday:
			times = 5
		case day.Weekday() == time.Friday:
			times = 3
		}
		closed = 0
		for range times {
			p.days = append(p.days, day)
		}
	}
}

// quota shares n places out among kinds by their weights, at least one each when n
// allows it, and shuffles them.
func quota(r *rand.Rand, n, kinds int, weight func(int) float64) []int {
	total := 0.0
	for i := range kinds {
		total += weight(i)
	}
	type part struct {
		kind int
		rest float64
	}
	var out []int
	var parts []part
	for i := range kinds {
		exact := float64(n) * weight(i) / total
		whole := int(exact)
		if whole == 0 && n >= 3*kinds {
			whole = 1
		}
		for range whole {
			out = append(out, i)
		}
		parts = append(parts, part{i, exact - float64(whole)})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(b.rest, a.rest) })
	for i := 0; len(out) < n; i++ {
		out = append(out, parts[i%len(parts)].kind)
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:n]
}

// holds draws where dossiers shall stand today: first one of every national status,
// then every step of every procedure in turn.
func (p *planner) holds(n int) []hold {
	var all []hold
	for _, s := range p.stories {
		for _, step := range s.comp.Flow(s.caseID).Definition().Steps {
			if kindOf(&step) == flow.EndStep {
				continue
			}
			h := hold{story: s, step: step.ID}
			if !slices.Contains(s.straight, step.ID) {
				turns := s.turnsTo(step.ID)
				if len(turns) == 0 {
					continue
				}
				t := turns[len(turns)-1]
				h.turn = &t
			}
			all = append(all, h)
		}
	}
	p.r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	seen := map[int]bool{}
	rank := make(map[hold]int, len(all))
	for _, h := range all {
		rank[h] = 1
		if status := h.story.steps[h.step].Status; !seen[status] {
			seen[status] = true
			rank[h] = 0
		}
	}
	slices.SortStableFunc(all, func(a, b hold) int { return cmp.Compare(rank[a], rank[b]) })
	want := min(max(int(math.Round(float64(n)*heldShare)), len(seen)), n/3)
	var out []hold
	for i := 0; len(out) < want && len(all) > 0; i++ {
		out = append(out, all[i%len(all)])
	}
	return out
}

// begin draws what free and held lives have in common.
func (p *planner) begin(no int, s *story) *life {
	return &life{no: no, story: s, r: rand.New(rand.NewPCG(p.seed, 1000+uint64(no))), visited: map[string]bool{}}
}

// free draws a life that goes its way until its end, or until today.
func (p *planner) free(no int, s *story, f fate) *life {
	l := p.begin(no, s)
	r := l.r
	l.fate = f
	if f == forgotten && p.patience(s) > 100*24*time.Hour {
		l.fate = declined // half a year is too long to wait for in a year
	}
	l.channel = p.channel(l)
	latest := p.end
	switch l.fate {
	case forgotten:
		latest = p.end.Add(-p.patience(s) - 20*24*time.Hour)
	case refused, withdrawn, declined:
		latest = p.end.AddDate(0, 0, -50)
	}
	l.filed = p.moment(r, l.channel, latest)
	p.parties(l, false)
	p.mood(l)
	switch l.fate {
	case refused:
		l.turn = s.turnBy(r, func(t turn) bool { return t.action.Effect == flow.Refuse })
	case declined:
		l.turn = s.turnBy(r, func(t turn) bool {
			return t.at != s.first && t.action.Tone == "danger" && (t.action.Effect == flow.Propose || t.action.Effect == flow.Reject)
		})
	case forgotten:
		l.turn = s.turnBy(r, func(t turn) bool {
			return t.action.Effect == flow.Supplement && (t.at != s.first || l.channel == dossier.Online && r.IntN(3) == 0)
		})
	case withdrawn:
		i := 0
		for j, id := range s.straight {
			if finishes(s.steps[id]) {
				i = j
			}
		}
		l.turn = &turn{at: s.straight[r.IntN(max(i, 1))]}
		if l.channel != dossier.Online && l.turn.at == s.first {
			l.turn.at = s.straight[min(1, len(s.straight)-1)]
		}
	case served:
		l.turn = s.turnBy(r, func(t turn) bool { return p.detour(s, t) && chance(r, 0.14) })
	}
	if l.turn == nil {
		l.fate = served
	}
	return l
}

// detour reports whether a turn goes through another agency and comes back.
func (p *planner) detour(s *story, t turn) bool {
	to := s.steps[t.action.To]
	return t.action.Effect == flow.Forward && to != nil && kindOf(to) == flow.WaitStep && !slices.Contains(s.straight, to.ID)
}

// turnBy picks one of the turns off the straight way that fit.
func (s *story) turnBy(r *rand.Rand, fits func(turn) bool) *turn {
	var all []turn
	for _, id := range s.straight {
		for i := range s.steps[id].Actions {
			a := &s.steps[id].Actions[i]
			if t := (turn{id, a}); byStaff(s.steps[id], a) && fits(t) {
				all = append(all, t)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return &all[r.IntN(len(all))]
}

// patience is how long the longest timer for supplements runs.
func (p *planner) patience(s *story) (most time.Duration) {
	for _, step := range s.steps {
		if kindOf(step) != flow.WaitStep || waitsFor(step) != "citizen" {
			continue
		}
		for _, t := range step.Timers {
			most = max(most, time.Duration(spanHours(t.After)/8*7/5*24)*time.Hour)
		}
	}
	return most
}

// channel draws how a dossier comes in: about six in ten online.
func (p *planner) channel(l *life) dossier.Channel {
	online := 0.68
	if l.story.def.Offers.Online == procedure.Partial {
		online = 0.42
	}
	x := l.r.Float64()
	has := func(kind procedure.ChannelKind) bool { return slices.Contains(l.story.def.Offers.Channels, kind) }
	switch {
	case has(procedure.Online) && (l.fate == refused || x < online || !has(procedure.Direct)):
		return dossier.Online
	case has(procedure.Postal) && x > 0.95:
		return dossier.Postal
	}
	return dossier.Direct
}

// moment draws when a dossier is filed, no later than latest: at a counter while it
// is open, online at any hour, and less at night and on days off.
func (p *planner) moment(r *rand.Rand, channel dossier.Channel, latest time.Time) time.Time {
	cal := p.town.offices["ward"].cal
	for range 1000 {
		day := pick(r, p.days)
		var t time.Time
		if channel == dossier.Online {
			if chance(r, 0.12) {
				day = day.AddDays(r.IntN(4)) // also on days off
			}
			t = day.At(0, 0).Add(onlineHour(r))
		} else {
			open := cal.HoursOn(day)
			if len(open) == 0 {
				continue
			}
			session := open[r.IntN(len(open))]
			minutes := int(session.To-session.From) - 15
			t = session.From.On(day).Add(time.Duration(r.IntN(max(minutes, 1)*60)) * time.Second)
		}
		if t.After(p.start) && t.Before(latest) {
			return t
		}
	}
	return p.start.Add(time.Duration(r.Int64N(int64(max(latest.Sub(p.start), time.Hour)))))
}

// onlineHour draws the time of day of somebody at home.
func onlineHour(r *rand.Rand) time.Duration {
	hour := pick(r, []int{6, 7, 8, 8, 9, 9, 9, 10, 10, 11, 12, 13, 14, 14, 15, 15, 16, 17, 18, 19, 19, 20, 20, 20, 21, 21, 22, 23})
	return time.Duration(hour)*time.Hour + time.Duration(r.IntN(3600_000))*time.Millisecond
}

// parties draws who asks, for whom, and where.
func (p *planner) parties(l *life, known bool) {
	r, s := l.r, l.story
	l.strays = newStrays(r, l.no)
	account := l.channel == dossier.Online || chance(r, 0.3)
	var owner person
	switch deck := p.decks[s]; {
	case account && len(deck) > 0:
		owner = p.draw(s, civil.DateOf(l.filed))
		if known && chance(r, 0.35) {
			for _, c := range p.town.citizens[:min(shownCitizens, len(p.town.citizens))] {
				if fit(s.form.ID(), c, civil.DateOf(l.filed)) && chance(r, 0.5) {
					owner = c
				}
			}
		}
	case l.channel == dossier.Online && len(p.town.citizens) > 0: // whom it suits less
		owner = pick(r, p.town.citizens)
	default:
		home := pick(r, []string{"ward", "ward", "commune"})
		for range 100 {
			gender := anyGender(r)
			owner = person{Name: name(r, "", gender), Gender: gender, Birth: bornAt(r, civil.DateOf(l.filed), 21, 66), Home: home, Address: address(r, home)}
			if fit(s.form.ID(), owner, civil.DateOf(l.filed)) {
				break
			}
		}
		l.strays.serial++
		owner.CitizenNo, owner.Phone = citizenNo(owner.Birth, owner.Gender, l.strays.serial), phone(5_000_000+l.strays.serial)
	}
	l.filing = filing{owner: owner, submitter: owner}
	if s.business() {
		l.filing.business, l.filing.proxy = shopName(owner), dossier.Employee
	}
	if l.channel == dossier.Direct && s.proxies() && chance(r, 0.1) {
		l.filing.submitter = l.strays.next("", anyGender(r), bornAt(r, civil.DateOf(l.filed), 22, 60), owner.Home)
		l.filing.proxy = dossier.Authorised
	}
	l.office = p.competent(s, owner.Home)
	l.counter = l.office
	if l.channel == dossier.Direct && chance(r, 0.05) && l.office.key != "ward" {
		l.counter = p.town.offices["ward"] // any counter of the province takes it (NĐ 118/2025, Điều 14)
	}
	l.officer = l.office.whoIs(roleOfficer, s.def.Field.Code)
}

// draw takes the next citizen whom the story suits on a day.
func (p *planner) draw(s *story, day civil.Date) person {
	deck := p.decks[s]
	for range deck {
		c := deck[p.next[s]%len(deck)]
		p.next[s]++
		if fit(s.form.ID(), c, day) {
			return c
		}
	}
	return deck[0]
}

// competent is the agency that decides: of the place where the owner lives, or else
// whoever offers the procedure.
func (p *planner) competent(s *story, home string) *office {
	if o := p.town.offices[home]; o != nil && s.offers[o.agency.ID] != nil {
		return o
	}
	for i := range province {
		if o := p.town.offices[province[i].Key]; s.offers[o.agency.ID] != nil {
			return o
		}
	}
	return nil
}

// mood draws how fast it goes and what comes in between.
func (p *planner) mood(l *life) {
	r := l.r
	switch x := r.Float64(); {
	case x < 0.57:
		l.share = between(r, 0.2, 0.75) // early
	case x < 0.955:
		l.share = between(r, 0.75, 0.97)
	default:
		l.share = between(r, 1.15, 2.3) // late
	}
	if l.fate == served {
		switch x := r.Float64(); {
		case x < 0.008:
			l.asks = 2
		case x < 0.1:
			l.asks = 1
		}
		l.extend = chance(r, 0.03)
		l.rework = chance(r, 0.03)
		l.silent = chance(r, 0.1)
	}
	l.askEarly = chance(r, 0.4)
}

// held draws a life that stands at a step today.
func (p *planner) held(no int, h hold) *life {
	l := p.begin(no, h.story)
	r, s := l.r, h.story
	l.hold, l.turn = h.step, h.turn
	l.channel = p.channel(l)
	if h.step == s.first || h.turn != nil && h.turn.at == s.first {
		l.channel = dossier.Online // at a counter it is received at once
	}
	cal := p.town.offices["ward"].cal
	before := func(t time.Time, h float64) time.Time { return cal.Add(t, -time.Duration(h*float64(time.Hour))) }

	// How long the way there takes, and how long it has stood there since.
	target := h.step
	if h.turn != nil {
		target = h.turn.at
	}
	term := p.termHours(s, l.channel)
	way := 0.0
	if target != s.first {
		work, waits := s.rest(s.first, target)
		way = min(work*between(r, 0.2, 0.6), term*0.5) + waits
	}
	stay := hours(s.steps[h.step]) * between(r, 0.05, 0.7)
	stay = max(min(stay, term*0.85-way), 0.3)
	if chance(r, 0.1) && term > 8 {
		stay += term * between(r, 0.4, 0.9) // these are overdue
	}
	step := s.steps[h.step]
	for _, t := range step.Timers {
		stay = min(stay, spanHours(t.After)*between(r, 0.1, 0.6)) // before it runs out
	}
	if kindOf(step) == flow.WaitStep && waitsFor(step) != "agency" {
		stay = min(between(r, 2, 60), max(spanHours(first(step.Timers).After)*0.5, 20))
	}
	arrive := before(p.end, stay)
	if h.turn != nil && h.turn.action.By == "system" { // it comes there when a timer runs out
		for _, t := range s.steps[target].Timers {
			arrive = arrive.Add(-time.Duration(spanHours(t.After)/8*7/5*24*float64(time.Hour)) - 30*time.Hour)
		}
		l.silent = true
	}
	l.goal = arrive
	l.filed = before(arrive, max(way, 0.25))
	switch {
	case h.step == s.first:
		l.filed = p.end.Add(-time.Duration(between(r, 0.02, 1) * float64(p.end.Sub(before(p.end, 5)))))
	case l.channel == dossier.Online:
		l.filed = before(l.filed, between(r, 0.1, 0.6)) // the counter looks at it a little later
	}
	p.parties(l, true)
	l.askEarly = true
	return l
}

func first[T any](list []T) (zero T) {
	if len(list) > 0 {
		return list[0]
	}
	return zero
}

// termHours is the working time that the law gives for a case. A term of one day may
// be the rest of an afternoon.
func (p *planner) termHours(s *story, channel dossier.Channel) float64 {
	t := s.comp.Term(s.caseID, procedure.ChannelKind(channel))
	if t.Amount == 0 {
		return 80
	}
	h := spanHours(flow.Span{Amount: t.Amount, Unit: string(t.Unit)})
	if h <= 8 {
		return 2.4
	}
	return h
}
