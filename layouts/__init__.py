"""Component trees and figures: pure functions of data and theme."""
