"""What commands show to people who watch them work."""

from groot_ros.terminal.progress import opened, watched

__all__ = ['opened', 'watched']
