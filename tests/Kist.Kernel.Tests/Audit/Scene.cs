using System.Net;
using System.Security.Cryptography;
using System.Text;
using Kist.Kernel.Audit;
using Kist.Kernel.Mounts;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Tokens;
using Xunit;

namespace Kist.Kernel.Tests.Audit;

/// <summary>A broker with one sink in memory, a fixed key and a fixed clock, and the usual requests.</summary>
internal sealed class Scene : IAsyncDisposable
{
    public const string Token = "kst.0123456789abcdefghijklmnopqrstuvwxyz";
    public static readonly Guid Id = new("426eb989-37b3-3d52-9dc2-812108286f6c");
    private static readonly byte[] Key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    private Scene(AuditBroker broker, TickingClock clock, MemorySink sink, List<string> log) =>
        (Broker, Clock, Sink, Log) = (broker, clock, sink, log);

    public AuditBroker Broker { get; }

    public TickingClock Clock { get; }

    public MemorySink Sink { get; }

    public List<string> Log { get; }

    public static MountEntry Kv2 { get; } = Mount("secret/", "kv") with
    {
        Options = new Dictionary<string, string> { ["version"] = "2" },
    };

    public static AuditSubject Root { get; } = new(new TokenEntry
    {
        Accessor = "rootaccessor", DisplayName = "token", Policies = ["root"],
        IssueTime = new DateTimeOffset(2026, 11, 23, 18, 23, 53, 412, TimeSpan.Zero),
    }, ["root"], []);

    public static async Task<Scene> OpenAsync(AuditBounds? bounds = null, params (string Name, string Value)[] options)
    {
        var clock = new TickingClock();
        var log = new List<string>();
        var broker = new AuditBroker(AuditSigner.Create(), clock, bounds, log.Add);
        var sink = new MemorySink();
        Assert.Null(await broker.EnableAsync(Entry("file/", options), sink));
        return new Scene(broker, clock, sink, log);
    }

    public static AuditSinkEntry Entry(string path, params (string Name, string Value)[] options) => new()
    {
        Path = path, Type = "file", HashKey = Key, Uuid = path,
        Options = options.ToDictionary(option => option.Name, option => option.Value),
    };

    public static MountEntry Mount(string path, string type) =>
        new() { Path = path, Type = type, Uuid = "u", Accessor = "a" };

    public static Request Ask(
        Operation operation, string path, string body = "", string? token = Token, TimeSpan? wrapTtl = null)
    {
        Assert.True(RequestPath.TryCreate(path, out var canonical, out _), path);
        return new Request
        {
            Id = Id, Operation = operation, Path = canonical, Body = Encoding.UTF8.GetBytes(body), Token = token,
            Remote = IPAddress.Loopback, WrapTtl = wrapTtl,
        };
    }

    public static Response Answer(string json)
    {
        var data = new Kist.Secrets.SecretWriter();
        data.Write(Encoding.UTF8.GetBytes(json));
        return Response.Of(data);
    }

    /// <summary>The keyed hash that stands in place of <paramref name="value"/>.</summary>
    public static string Hash(string value) =>
        "hmac-sha256:" + Convert.ToHexStringLower(HMACSHA256.HashData(Key, Encoding.UTF8.GetBytes(value)));

    public AuditEntry Entry(
        Request request, AuditSubject? subject, MountEntry? mount, Response? response = null,
        Fault? fault = null) => new()
    {
        Request = request, Subject = subject, Mount = mount, Response = response, Fault = fault,
        Time = Clock.GetUtcNow(),
    };

    /// <summary>Writes both entries of one request and gives their lines without chain fields.</summary>
    public async Task<string[]> LinesOfAsync(
        Request request, AuditSubject? subject, MountEntry? mount, Response? response = null, Fault? fault = null)
    {
        var before = Sink.Entries.Length;
        Assert.Null(await Broker.WriteRequestAsync(Entry(request, subject, mount, null, fault)));
        Assert.Null(await Broker.WriteResponseAsync(Entry(request, subject, mount, response, fault)));
        var apart = Sink.Entries[before..];
        Assert.Null(await Broker.WritePairAsync(
            Entry(request, subject, mount, null, fault), Entry(request, subject, mount, response, fault)));
        Assert.Equal(apart, Sink.Entries[(before + 2)..]); // a pair is the same two lines
        return apart;
    }

    /// <summary>What the verifier says of the log.</summary>
    public static async Task<AuditVerdict> VerifyAsync(string text, string? key = null, ChainHead? anchor = null)
    {
        var verifier = new AuditVerifier(key, anchor);
        await verifier.AddAsync("audit.log", new MemoryStream(Encoding.UTF8.GetBytes(text)), default);
        return verifier.Finish();
    }

    public ValueTask DisposeAsync() => Broker.DisposeAsync();
}
