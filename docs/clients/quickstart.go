// The quickstart with a client that openapi-generator has made: an order, a swap, and both cancellations.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"quickstart/peeker"
)

// must ends the program when a request was refused.
func must[T any](answer T, _ *http.Response, err error) T {
	if refused, ok := err.(*peeker.GenericOpenAPIError); ok {
		log.Fatalf("refused: %s", refused.Body())
	} else if err != nil {
		log.Fatal(err)
	}
	return answer
}

// wait looks until what it waits for is there.
func wait(what string, look func() bool) {
	for tries := 0; tries < 150; tries++ {
		if look() {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	log.Fatalf("not in time: %s", what)
}

func main() {
	configuration := peeker.NewConfiguration()
	configuration.Servers = peeker.ServerConfigurations{{URL: os.Getenv("PEEKER_URL")}}
	client := peeker.NewAPIClient(configuration)
	ctx := context.WithValue(context.Background(), peeker.ContextAccessToken, os.Getenv("PEEKER_API_KEY"))

	me := must(client.AccountAPI.GetMe(ctx).Execute())
	fmt.Println("partner:", me.Data.Partner.Name)

	one, two := "go-one.com", "go-two.com"
	domains := []peeker.OrderDomain{peeker.StringAsOrderDomain(&one), peeker.StringAsOrderDomain(&two)}
	defaultRoute := *peeker.NewNullableOrderSequencerClientId(nil)
	sequencer := peeker.NewOrderSequencer("smartlead", defaultRoute, "sequencer@example.com", "correct horse battery staple")
	persona := peeker.NewOrderPersona("Sam", "Lee", *peeker.NewNullableString(nil))
	body := peeker.NewCustomOrder("go@example.com", *sequencer, domains, []peeker.OrderPersona{*persona})
	body.SetGoogleLicenses(4)
	body.SetGoogleInboxesPerDomain(2)
	placed := must(client.OrdersAPI.CreateOrder(ctx).CreateOrder(peeker.CustomOrderAsCreateOrder(body)).Execute())
	id := placed.Data.Id

	var order peeker.OrderDetail
	wait("the order", func() bool {
		order = must(client.OrdersAPI.GetOrder(ctx, id).Execute()).Data
		return order.Status == peeker.ORDERSTATUS_COMPLETED
	})
	inboxes := must(client.OrdersAPI.ListOrderInboxes(ctx, id).Execute()).Data
	fmt.Println("order:", id, order.Status, len(inboxes), "inboxes, renews", order.RenewsAt.Get())

	replace := peeker.NewCreateSwap("standard", inboxes[0].DomainId, "go-three.com")
	swap := must(client.SwapsAPI.CreateSwap(ctx).CreateSwap(*replace).Execute()).Data
	wait("the swap", func() bool {
		swap = must(client.SwapsAPI.GetSwap(ctx, swap.Id).Execute()).Data
		return swap.Status == peeker.SWAPSTATUS_COMPLETED
	})
	fmt.Println("swap:", swap.Id, swap.Status)

	few := peeker.NewCancelOrder()
	few.SetDomains([]string{"go-three.com"})
	some := must(client.OrdersAPI.CancelOrder(ctx, id).CancelOrder(*few).Execute()).Data
	if len(some.CancellingDomains) != 1 || some.CancellingDomains[0].Domain != "go-three.com" {
		log.Fatalf("%+v", some.CancellingDomains)
	}
	whole := must(client.OrdersAPI.CancelOrder(ctx, id).Execute()).Data
	if whole.Status != peeker.ORDERSTATUS_CANCEL_SCHEDULED {
		log.Fatalf("%+v", whole)
	}
	fmt.Println("cancelled:", whole.Status, whole.CancelsAt.Get())

	events := must(client.EventsAPI.ListEvents(ctx).PerPage(100).Execute()).Data
	told := 0
	for _, event := range events {
		if event.OrderEvent != nil && event.OrderEvent.Data.Id == id {
			told++
		}
	}
	if told == 0 {
		log.Fatal("no event tells of the order")
	}
	fmt.Println("events:", len(events))
}
