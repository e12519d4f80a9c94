"""The loop and what it needs: it knows the contract (`gansmith.game`) and no paper."""
