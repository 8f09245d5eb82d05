using System.Text;
using System.Text.Json;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tokens;
using Kist.Secrets;

namespace Kist.Kernel.Wrapping;

/// <summary>
/// Puts answers into single-use tokens. The answer lies in the token's own cubbyhole, so it can be had once, by whoever
/// holds the token, and dies with it.
/// </summary>
public sealed class WrappingStore
{
    /// <summary>The policy of wrapping tokens; nobody can assign it.</summary>
    public const string PolicyName = "response-wrapping";

    private const string AnswerName = "response";
    private const string InfoName = "wrapinfo";

    private readonly Node.Unsealed _kernel;

    internal WrappingStore(Node.Unsealed kernel) => _kernel = kernel;

    /// <summary>
    /// Moves <paramref name="response"/> into a wrapping token; what comes back shows only the token.
    /// </summary>
    public async ValueTask<Response> WrapAsync(Response response, Request request, TimeSpan ttl, CancellationToken ct)
    {
        using var answer = new SecretWriter();
        Envelope.Write(answer, request.Id, response);
        return await WrapAsync(answer.WrittenMemory, request.Path.Value, ttl, request.WrapFormat,
            response.Token?.Entry.Accessor, ct);
    }

    /// <summary>
    /// Puts a finished answer into a wrapping token that says it was made by <paramref name="creationPath"/>.
    /// </summary>
    public async ValueTask<Response> WrapAsync(
        ReadOnlyMemory<byte> answer, string creationPath, TimeSpan ttl, string? format,
        string? wrappedAccessor, CancellationToken ct)
    {
        var now = _kernel.Clock.GetUtcNow();
        var text = TokenText.NewService();
        var entry = new TokenEntry
        {
            Policies = [PolicyName],
            Path = creationPath,
            NumUses = 1,
            IssueTime = now,
            CreationTtl = ttl,
            ExplicitMaxTtl = ttl,
            ExpireTime = now + ttl,
        };
        entry = await _kernel.Cubbyholes.TransactAsync(tx =>
        {
            var written = _kernel.Tokens.WriteNew(tx.On(_kernel.TokenStorage), entry, text);
            tx.Put($"{written.Hash}/{AnswerName}", answer.Span);
            tx.Put($"{written.Hash}/{InfoName}", JsonSerializer.SerializeToUtf8Bytes(
                new WrapRecord(creationPath, now, (long)ttl.TotalSeconds), KernelJson.Default.WrapRecord));
            return ValueTask.FromResult(written);
        }, ct);
        var shown = format == "jwt" ? _kernel.WrapTokens.Sign(text, entry, creationPath, ttl) : text;
        return new Response
        {
            Wrap = new WrapInfo(shown, entry.Accessor, ttl, now, creationPath,
                string.IsNullOrEmpty(wrappedAccessor) ? null : wrappedAccessor),
        };
    }

    /// <summary>
    /// The token inside what a client sent: itself, or the one that a signed JWT of this cluster carries. Null when the
    /// signature is not ours.
    /// </summary>
    public string? TokenOf(string text) => text.Count(c => c == '.') == 2 ? _kernel.WrapTokens.Open(text) : text;

    /// <summary>The public key of wrapping tokens in signed form: X and Y on P-521.</summary>
    public (string X, string Y) PublicKey => _kernel.WrapTokens.PublicKey;

    /// <summary>The entry of a live wrapping token, or null for any other text.</summary>
    public async ValueTask<TokenEntry?> FindAsync(string token, CancellationToken ct) =>
        await _kernel.Tokens.LookupAsync(token, ct) is { Policies: [PolicyName] } entry ? entry : null;

    /// <summary>What a wrapping token was made for; null when it holds nothing.</summary>
    public async ValueTask<WrapRecord?> InfoAsync(TokenEntry entry, CancellationToken ct)
    {
        using var plain = await _kernel.Cubbyholes.GetAsync($"{entry.Hash}/{InfoName}", ct);
        return plain is null ? null : JsonSerializer.Deserialize(plain.Span, KernelJson.Default.WrapRecord);
    }

    /// <summary>
    /// Takes the answer out and revokes the token. Of many at once one gets it; the use is counted before the answer is
    /// read. Null when it is used up, gone or no wrapping token. <paramref name="isUsed"/>: the pipeline has counted
    /// the use already, because the client sent the wrapping token as its own.
    /// </summary>
    public async ValueTask<SecretBuffer?> TakeAsync(TokenEntry entry, bool isUsed, CancellationToken ct)
    {
        if (!isUsed && await _kernel.Tokens.UseAsync(entry, ct) is not (true, true)) return null;
        SecretBuffer? answer;
        using (var plain = await _kernel.Cubbyholes.GetAsync($"{entry.Hash}/{AnswerName}", ct))
            answer = plain is null ? null : SecretBuffer.Copy(plain.Span);
        await _kernel.Tokens.RevokeAsync(entry.Hash, ct);
        return answer;
    }
}

/// <summary>What <c>sys/wrapping/lookup</c> shows.</summary>
public sealed record WrapRecord(string CreationPath, DateTimeOffset CreationTime, long CreationTtl);
