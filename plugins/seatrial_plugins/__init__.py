"""The plugins that come with seatrial, on the public API only: each could be copied out as a third party's."""
