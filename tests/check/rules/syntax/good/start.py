from {{ name }} import main

main(
