using Kist.Client.Http;
using Kist.Secrets;

namespace Kist.Client.Api;

/// <summary>The users of a mount of user names and passwords.</summary>
public sealed class UserPassApi
{
    private readonly KistClient _client;
    private readonly string _users;

    internal UserPassApi(KistClient client, string mount) =>
        (_client, _users) = (client, ApiPath.Join("auth", mount, "users"));

    /// <summary>Their names.</summary>
    public Task<IReadOnlyList<string>> ListAsync(CancellationToken ct = default) => _client.ListAsync(_users, ct);

    /// <summary>The policies of a user; null when there is none of this name.</summary>
    public async Task<IReadOnlyList<string>?> PoliciesAsync(string user, CancellationToken ct = default)
    {
        using var answer = await _client.ReadAsync(ApiPath.Join(_users, user), ct);
        return answer?.Data.Member("token_policies").Texts();
    }

    /// <summary>Makes a user, or changes one; null: as it was.</summary>
    public async Task WriteAsync(string user, SecretBytes? password, IReadOnlyList<string>? policies = null,
        CancellationToken ct = default) =>
        (await _client.WriteAsync(ApiPath.Join(_users, user), json =>
        {
            password?.Use(json, static (secret, to) =>
            {
                to.WriteString("password", secret);
                return true;
            });
            if (policies is null) return;
            json.WriteStartArray("token_policies");
            foreach (var policy in policies) json.WriteStringValue(policy);
            json.WriteEndArray();
        }, null, ct)).Dispose();

    /// <summary>Removes a user.</summary>
    public Task DeleteAsync(string user, CancellationToken ct = default) =>
        _client.DeleteAsync(ApiPath.Join(_users, user), ct);
}
