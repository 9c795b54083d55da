"""What the centre is told beside calls: hours, how long waits last, who had the matter."""
