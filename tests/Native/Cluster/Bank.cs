using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kist.Native.Tests.Cluster;

/// <summary>
/// Accounts in KV version 2, one secret each, and transfers between them by check-and-set. A transfer is first put into
/// a journal, then booked on both accounts, each of which remembers what was booked on it: so each step can be done by
/// whoever finds it undone, and happens once. In the end the journal is worked off, and then the money must be right.
/// </summary>
public sealed class Bank(string folder)
{
    private const int Accounts = 4, Opening = 100;
    private int _transfers;

    /// <summary>Opens the accounts.</summary>
    public async Task OpenAsync(Client client)
    {
        for (var i = 0; i < Accounts; i++)
            await PutAsync(client, $"bank/data/{folder}/a{i}", new JsonObject
            {
                ["balance"] = Opening, ["booked"] = new JsonArray(),
            }, 0);
    }

    /// <summary>Transfers money until the load ends. A transfer that is under way then stays half done.</summary>
    public async Task WorkAsync(Client client)
    {
        while (!client.Load.IsStopping)
        {
            var from = client.Random.Next(Accounts);
            var to = (from + 1 + client.Random.Next(Accounts - 1)) % Accounts;
            var id = $"t{Interlocked.Increment(ref _transfers)}";
            var transfer = new JsonObject { ["from"] = from, ["to"] = to, ["amount"] = 1 + client.Random.Next(50) };
            if (await PutAsync(client, $"bank/data/{folder}/journal/{id}", transfer, 0) != Booked.Now) continue;
            await FinishAsync(client, id, transfer, () => client.Load.IsStopping);
        }
    }

    /// <summary>Works the journal off and says what is wrong with the money.</summary>
    public async Task<IReadOnlyList<string>> CheckAsync(Client client)
    {
        var journal = await client.SendAsync("LIST", $"bank/metadata/{folder}/journal");
        var transfers = new Dictionary<string, JsonObject>();
        if (journal.IsDone)
            foreach (var id in journal.Json["data"]!["keys"]!.AsArray().Select(node => (string)node!))
            {
                transfers[id] = (await ReadAsync(client, $"bank/data/{folder}/journal/{id}"))!.Value.Data;
                await FinishAsync(client, id, transfers[id], static () => false);
            }
        var (problems, total) = (new List<string>(), 0);
        for (var i = 0; i < Accounts; i++)
        {
            var (account, _) = (await ReadAsync(client, $"bank/data/{folder}/a{i}"))!.Value;
            var balance = (int)account["balance"]!;
            total += balance;
            var due = Opening - Sum(transfers.Values, "from", i) + Sum(transfers.Values, "to", i);
            if (balance != due) problems.Add($"account {i} holds {balance} and should hold {due}");
            var booked = account["booked"]!.AsArray().Select(node => (string)node!).ToList();
            var expected = transfers.Where(t => (int)t.Value["from"]! == i || (int)t.Value["to"]! == i);
            if (!booked.Order().SequenceEqual(expected.Select(t => t.Key).Order()))
                problems.Add($"account {i} has booked {string.Join(' ', booked)}");
        }
        if (total != Accounts * Opening) problems.Add($"there are {total} of {Accounts * Opening}");
        return problems;
    }

    private static int Sum(IEnumerable<JsonObject> transfers, string side, int account) =>
        transfers.Where(t => (int)t[side]! == account).Sum(t => (int)t["amount"]!);

    private async Task FinishAsync(Client client, string id, JsonObject transfer, Func<bool> givesUp)
    {
        var amount = (int)transfer["amount"]!;
        await BookAsync(client, (int)transfer["from"]!, id, -amount, givesUp);
        await BookAsync(client, (int)transfer["to"]!, id, amount, givesUp);
    }

    private async Task BookAsync(Client client, int account, string id, int amount, Func<bool> givesUp)
    {
        while (!givesUp())
        {
            if (await ReadAsync(client, $"bank/data/{folder}/a{account}") is not var (data, version)) continue;
            var booked = data["booked"]!.AsArray();
            if (booked.Any(node => (string?)node == id)) return;
            data["balance"] = (int)data["balance"]! + amount;
            booked.Add(id);
            if (await PutAsync(client, $"bank/data/{folder}/a{account}", data, version) == Booked.Now) return;
        }
    }

    private static async Task<(JsonObject Data, int Version)?> ReadAsync(Client client, string path)
    {
        var reply = await client.SendAsync("GET", path);
        if (!reply.IsDone) return null;
        var data = reply.Json["data"]!;
        return (data["data"]!.DeepClone().AsObject(), (int)data["metadata"]!["version"]!);
    }

    private static async Task<Booked> PutAsync(Client client, string path, JsonObject data, int version)
    {
        var body = new JsonObject
        {
            ["data"] = data.DeepClone(), ["options"] = new JsonObject { ["cas"] = version },
        };
        var reply = await client.SendAsync("POST", path, body.ToJsonString(JsonSerializerOptions.Default));
        return reply.IsDone ? Booked.Now : reply.IsRefused ? Booked.Not : Booked.Perhaps;
    }

    private enum Booked
    {
        Now,
        Not,
        Perhaps,
    }
}
