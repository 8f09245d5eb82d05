using System.Collections.Concurrent;
using System.Text;
using Kist.Kernel.Barrier;

namespace Kist.Kernel.Policies;

/// <summary>
/// Named policies: their texts in storage, their parsed form in memory. <see cref="Generation"/> grows with every
/// change, and everything compiled from policies is good for one generation only.
/// </summary>
public sealed class PolicyStore
{
    private const string RootName = "root";

    private readonly Storage _storage;
    private readonly ConcurrentDictionary<string, (long Generation, PolicyDocument? Document)> _parsed = new();
    private long _generation = 1;

    internal PolicyStore(Storage storage) => _storage = storage;

    /// <summary>Where the policies lie, for those who wait for changes.</summary>
    internal string StorePrefix => _storage.Prefix;

    /// <summary>Grows with every change.</summary>
    public long Generation => Volatile.Read(ref _generation);

    /// <summary>The text of a policy, or null. <c>root</c> is the empty text.</summary>
    public async ValueTask<string?> GetAsync(string name, CancellationToken ct)
    {
        if (name == RootName) return "";
        using var plain = await _storage.GetAsync(name, ct);
        return plain is null ? BuiltInTextOf(name) : Encoding.UTF8.GetString(plain.Span);
    }

    /// <summary>Names of all policies that are shown, sorted, <c>root</c> last.</summary>
    public async ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct)
    {
        var names = new SortedSet<string>(
            await _storage.ListAsync("", "", 0, ct), StringComparer.Ordinal) { "default" };
        return [.. names, RootName];
    }

    /// <summary>Stores a policy that has been parsed already.</summary>
    public async ValueTask PutAsync(string name, string text, CancellationToken ct)
    {
        await _storage.PutAsync(name, Encoding.UTF8.GetBytes(text), ct);
        Changed();
    }

    /// <summary>Removes a policy; nothing happens when there is none.</summary>
    public async ValueTask DeleteAsync(string name, CancellationToken ct)
    {
        await _storage.DeleteAsync(name, ct);
        Changed();
    }

    /// <summary>Forgets everything parsed: this node or another changed a policy.</summary>
    public void Changed()
    {
        Interlocked.Increment(ref _generation);
        _parsed.Clear();
    }

    /// <summary>
    /// Compiles what a caller with these policies may do. Names without a policy give nothing; templates are filled
    /// from
    /// <paramref name="subject"/> and give nothing without one.
    /// </summary>
    public async ValueTask<Acl> CompileAsync(IEnumerable<string> names, TemplateSubject? subject, CancellationToken ct)
    {
        var documents = new List<PolicyDocument>();
        foreach (var name in names.Distinct())
        {
            if (name == RootName) return Acl.Root;
            if (await ParsedAsync(name, ct) is not { } document) continue;
            documents.Add(document);
        }
        return Acl.Compile(documents, subject);
    }

    private static string? BuiltInTextOf(string name) => name switch
    {
        "default" => BuiltInPolicies.DefaultText,
        "response-wrapping" => BuiltInPolicies.ResponseWrappingText,
        "control-group" => BuiltInPolicies.ControlGroupText,
        _ => null,
    };

    /// <summary>
    /// A parsed policy is kept with the generation it was read in, so that a stale one is never served.
    /// </summary>
    private async ValueTask<PolicyDocument?> ParsedAsync(string name, CancellationToken ct)
    {
        var generation = Generation;
        if (_parsed.TryGetValue(name, out var known) && known.Generation == generation) return known.Document;
        var text = await GetAsync(name, ct);
        var document = text is null ? null : PolicyDocument.Parse(text);
        _parsed[name] = (generation, document);
        return document;
    }
}
