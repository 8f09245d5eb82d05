namespace Kist.Tidy.Tests;

/// <summary>One place that breaks a house rule.</summary>
/// <param name="Where">What an exception would name: a path, or a type or function of it.</param>
/// <param name="Detail">What is wrong, for people.</param>
/// <param name="Size">For rules about length: how long it is; else 0.</param>
public sealed record Violation(string Where, string Detail, int Size = 0);
