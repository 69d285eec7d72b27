"""Contacts: the list as files, the users held back, and ids that are hashed."""

from churn.segments.contacts.advice import advice
from churn.segments.contacts.control import CONTACT, CONTROL, hold_back
from churn.segments.contacts.list_files import advice_on, contact_list, departures, export, write_contacts
from churn.segments.contacts.list_words import BASES, about, among_equals
from churn.segments.contacts.pseudonyms import Pseudonyms, forms

__all__ = [
    "BASES",
    "CONTACT",
    "CONTROL",
    "Pseudonyms",
    "about",
    "advice",
    "advice_on",
    "among_equals",
    "contact_list",
    "departures",
    "export",
    "forms",
    "hold_back",
    "write_contacts",
]
