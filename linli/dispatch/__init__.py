"""派单：全县一张派工单。Work orders for every room: who does what where, until when, checked by whom, and who hears of it when it runs late."""
