"""What an advert states, understood: pay, places, contacts. Raw words stay beside every reading."""
