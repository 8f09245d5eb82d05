using System.Text;
using Kist.Formats.Sops;
using Kist.Secrets;

namespace Kist.Cli.Files;

/// <summary>Keys of one kind that a key service reaches.</summary>
internal sealed class RemoteKeySource(string kind, KeyServiceClient service) : ISopsKeySource
{
    public string Kind => kind;

    public ValueTask<SopsOutcome<SecretBuffer>> UnwrapAsync(MasterKey key, CancellationToken ct) =>
        service.AskAsync("Decrypt", KeyMessage.Request(key, Encoding.UTF8.GetBytes(key.Enc)), ct);

    public async ValueTask<SopsOutcome<MasterKey>> WrapAsync(
        MasterKey key, ReadOnlyMemory<byte> part, CancellationToken ct)
    {
        var message = KeyMessage.Request(key, part.Span);
        var outcome = await service.AskAsync("Encrypt", message, ct);
        message.AsSpan().Clear();
        if (!outcome.Try(out var text, out var fault)) return fault;
        using (text) return key with { Enc = Encoding.UTF8.GetString(text.Span) };
    }
}

/// <summary>Several sources of one kind: the first that succeeds.</summary>
internal sealed class KeySourceChain(string kind, IReadOnlyList<ISopsKeySource> sources) : ISopsKeySource
{
    public string Kind => kind;

    public ValueTask<SopsOutcome<SecretBuffer>> UnwrapAsync(MasterKey key, CancellationToken ct) =>
        FirstAsync(s => s.UnwrapAsync(key, ct));

    public ValueTask<SopsOutcome<MasterKey>> WrapAsync(
        MasterKey key, ReadOnlyMemory<byte> part, CancellationToken ct) => FirstAsync(s => s.WrapAsync(key, part, ct));

    private async ValueTask<SopsOutcome<T>> FirstAsync<T>(Func<ISopsKeySource, ValueTask<SopsOutcome<T>>> ask)
    {
        var reasons = new List<string>();
        SopsFault? first = null;
        foreach (var source in sources)
        {
            var outcome = await ask(source);
            if (outcome.Fault is not { } fault) return outcome;
            first ??= fault;
            reasons.Add(fault.Message);
        }
        return first! with { Message = string.Join("; ", reasons) };
    }
}
