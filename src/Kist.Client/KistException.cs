using System.Net;

namespace Kist.Client;

/// <summary>
/// A request failed. The message names the method, the path and what the server says about them, never a value: values
/// that this process was given are masked in the server's texts too.
/// </summary>
public sealed class KistException : Exception
{
    /// <summary>A failure without an answer.</summary>
    public KistException(KistFailure failure, string message, Exception? inner = null) : base(message, inner) =>
        Failure = failure;

    /// <summary>What kind of failure it is.</summary>
    public KistFailure Failure { get; }

    /// <summary>The answer's status; null: there was no answer.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>What the server gave as <c>errors</c>; empty without an answer.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>Whether the same request may succeed later without anybody changing anything.</summary>
    public bool IsTransient => Failure is KistFailure.Unreachable or KistFailure.TimedOut or KistFailure.Sealed
        or KistFailure.Limited or KistFailure.Server or KistFailure.Certificate;
}
