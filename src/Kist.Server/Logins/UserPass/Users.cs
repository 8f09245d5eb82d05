using System.Text.Json;
using System.Text.Json.Serialization;
using Kist.Kernel.Barrier;
using Kist.Kernel.Tokens;

namespace Kist.Server.Logins.UserPass;

/// <summary>The users of one mount. Names are lower case: <c>Alice</c> and <c>alice</c> are one user.</summary>
internal sealed class Users(Storage storage)
{
    public async ValueTask<User?> FindAsync(string name, CancellationToken ct)
    {
        if (name.Length == 0) return null;
        using var plain = await storage.GetAsync(Key(name), ct);
        return plain is null ? null : JsonSerializer.Deserialize(plain.Span, UserJson.Default.User);
    }

    /// <summary>
    /// Changes a user, or makes one when <paramref name="change"/> does so of null; when it gives null back nothing is
    /// written. It may run more than once.
    /// </summary>
    public ValueTask<bool> ChangeAsync(string name, Func<User?, User?> change, CancellationToken ct) =>
        storage.TransactAsync(async tx =>
        {
            var known = await tx.GetAsync(Key(name)) is { } plain
                ? JsonSerializer.Deserialize(plain.Span, UserJson.Default.User)
                : null;
            if (change(known) is not { } user) return false;
            tx.Put(Key(name), JsonSerializer.SerializeToUtf8Bytes(user, UserJson.Default.User));
            return true;
        }, ct);

    public ValueTask DeleteAsync(string name, CancellationToken ct) => storage.DeleteAsync(Key(name), ct);

    public ValueTask<IReadOnlyList<string>> ListAsync(string after, int limit, CancellationToken ct) =>
        storage.ListAsync("", after.ToLowerInvariant(), limit, ct);

    private static string Key(string name) => name.ToLowerInvariant();
}

/// <summary>A user: how the password is checked and what the tokens look like.</summary>
internal sealed record User
{
    /// <summary>The password's hash; never the password.</summary>
    public required HashedPassword Password { get; init; }

    public TokenSettings Tokens { get; init; } = new();
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(User))]
internal sealed partial class UserJson : JsonSerializerContext;
