using System.Net;

namespace Kist.Kernel.Pipeline;

/// <summary>
/// What a front understood of one request, in the kernel's own terms. Everything in it is within <see cref="Limits"/>
/// and canonical; nothing in it has been authorized yet.
/// </summary>
public sealed class Request
{
    /// <summary>Names the request in the answer, the audit and the log.</summary>
    public required Guid Id { get; init; }

    /// <summary>What to do. An update becomes a create when the route finds nothing there yet.</summary>
    public required Operation Operation { get; set; }

    /// <summary>The whole path including the mount.</summary>
    public required RequestPath Path { get; init; }

    /// <summary>The body: one UTF-8 JSON object that <see cref="Limits"/> has checked, or empty.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>
    /// A body that is a file and is read by the handler as it comes, on the few paths that take one; null elsewhere.
    /// </summary>
    public Stream? Upload { get; init; }

    /// <summary>
    /// Query parameters, which count as fields for operations without a body; null when there are none.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>>? Query { get; init; }

    /// <summary>The token as the client sent it, or null.</summary>
    public string? Token { get; init; }

    /// <summary>What the connection remembers of the token it sent last; null: nothing.</summary>
    public Tokens.TokenMemo? Memo { get; init; }

    /// <summary>The peer's address. Never taken from a header that the peer could have written.</summary>
    public IPAddress? Remote { get; init; }

    /// <summary>The peer's port, for the audit.</summary>
    public int RemotePort { get; init; }

    /// <summary>The life of the wrapping token that the client asks for, or null.</summary>
    public TimeSpan? WrapTtl { get; init; }

    /// <summary>The form of the wrapping token: null or <c>jwt</c>.</summary>
    public string? WrapFormat { get; init; }

    /// <summary>
    /// Reads a header by name (case-insensitive); null when absent. Only named headers are ever read.
    /// </summary>
    public Func<string, string?>? Header { get; init; }

    /// <summary>
    /// States (<see cref="Node.StateIndex"/>) before which the answer must not be; null when the client sent none.
    /// </summary>
    public IReadOnlyList<string?>? States { get; init; }

    /// <summary>Ends the work when the client goes away or the node stops.</summary>
    public CancellationToken Aborted { get; init; }
}
