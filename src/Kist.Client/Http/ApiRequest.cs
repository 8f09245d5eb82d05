namespace Kist.Client.Http;

/// <summary>One request to the API.</summary>
/// <param name="Method">Any verb, also LIST.</param>
/// <param name="Path">Below <c>/v1/</c>, not encoded, without a query.</param>
/// <param name="Body">UTF-8 JSON; empty: none. It stays the caller's to zero.</param>
internal sealed record ApiRequest(HttpMethod Method, string Path, ReadOnlyMemory<byte> Body = default)
{
    public static readonly HttpMethod List = new("LIST");

    /// <summary>Asks for the answer wrapped in a single-use token that lives so long.</summary>
    public TimeSpan? WrapFor { get; init; }

    /// <summary>Whether it goes out without a token.</summary>
    public bool IsAnonymous { get; init; }

    /// <summary>A query without its question mark, encoded.</summary>
    public string? Query { get; init; }

    /// <summary>Whether a status of this kind is an answer and no failure.</summary>
    public Func<int, bool> Accepts { get; init; } = static status => status is >= 200 and < 300;

    /// <summary>Whether sending it twice does no harm.</summary>
    public bool IsSafe => (Method == HttpMethod.Get || Method == List || Method == HttpMethod.Head) && WrapFor is null;

    /// <summary>For messages: the method and the path.</summary>
    public override string ToString() => $"{Method} {Path}";
}
