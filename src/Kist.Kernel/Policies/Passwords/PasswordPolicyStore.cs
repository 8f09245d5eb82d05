using System.Text;
using Kist.Kernel.Barrier;

namespace Kist.Kernel.Policies.Passwords;

/// <summary>Named password policies (<c>sys/policies/password</c>), for whoever generates passwords.</summary>
public sealed class PasswordPolicyStore
{
    private readonly Storage _storage;

    internal PasswordPolicyStore(Storage storage) => _storage = storage;

    /// <summary>The text of a policy, or null.</summary>
    public async ValueTask<string?> GetAsync(string name, CancellationToken ct)
    {
        using var plain = await _storage.GetAsync(name, ct);
        return plain is null ? null : Encoding.UTF8.GetString(plain.Span);
    }

    /// <summary>A policy ready to generate; null when there is none of this name.</summary>
    public async ValueTask<PasswordPolicy?> FindAsync(string name, CancellationToken ct) =>
        await GetAsync(name, ct) is { } text && PasswordPolicy.TryParse(text, out var policy, out _) ? policy : null;

    /// <summary>The names, sorted.</summary>
    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken ct) => _storage.ListAsync("", "", 0, ct);

    /// <summary>Stores a policy that has been parsed already.</summary>
    public ValueTask PutAsync(string name, string text, CancellationToken ct) =>
        _storage.PutAsync(name, Encoding.UTF8.GetBytes(text), ct);

    /// <summary>Removes a policy; nothing happens when there is none.</summary>
    public ValueTask DeleteAsync(string name, CancellationToken ct) => _storage.DeleteAsync(name, ct);
}
