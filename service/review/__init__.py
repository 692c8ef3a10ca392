"""What people do with flagged adverts: states, permissions, policies, queue, actions, export."""
