count = int(input())
numbers = [int(word) for word in input().split()]
print(count, sum(numbers))
