package main

// StatusTable is the table of run's exit statuses in Markdown, for the tests of documents.
var StatusTable = statusTable
