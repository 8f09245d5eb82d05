using Kist.Kernel.Identity;
using Kist.Kernel.Mounts;
using Kist.Kernel.Node;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Kernel.Tokens;
using Xunit;
using KernelNode = Kist.Kernel.Node.Node;

namespace Kist.Kernel.Tests.Identity;

/// <summary>A whole kernel in memory with engines that answer nothing and one login mount.</summary>
internal sealed class IdentityNode : IAsyncDisposable
{
    public const string LoginPath = "auth/people/";

    private readonly KernelNode _node;

    private IdentityNode(KernelNode node) => _node = node;

    public Unsealed Kernel => _node.Current!;

    public IdentityStore Identity => Kernel.Identity;

    public Mount Login => Kernel.Mounts.Current.At(LoginPath)!;

    public string Accessor => Login.Entry.Accessor;

    public static async Task<IdentityNode> StartAsync()
    {
        EngineKind[] kinds =
        [
            new("system", false, _ => new MuteEngine()), new("cubbyhole", false, _ => new MuteEngine()),
            new("identity", false, _ => new MuteEngine()), new("token", true, _ => new MuteEngine()),
            new("people", true, _ => new MuteEngine()),
        ];
        var live = new IdentityNode(new KernelNode(
            new NodeParts(new MemoryStore(), null, kinds, _ => new Dictionary<string, Kernel.Audit.AuditSinkMaker>(),
                TimeProvider.System, NodeLog.Silent, "1.15.0"),
            new Settings()));
        using var seal = ShamirSeal.Create();
        await live._node.InitializeAsync(seal, new SealConfig("shamir", 1, 1, ""), "root", default);
        await live._node.UnsealAsync(seal, default);
        await live.MountAsync(LoginPath);
        return live;
    }

    public async Task<Mount> MountAsync(string path)
    {
        Assert.Null(await Kernel.Mounts.EnableAsync(
            new MountEntry { Path = path, Type = "people", Uuid = "", Accessor = "" }, default));
        return Kernel.Mounts.Current.At(path)!;
    }

    public async Task<Entity> EntityAsync(string name, params string[] policies)
    {
        var (entity, _, fault) = await Identity.WriteEntityAsync(
            new EntityWish("", name, null, policies.Length == 0 ? null : policies, null), default);
        Assert.Null(fault);
        return entity!;
    }

    public async Task<Group> GroupAsync(string name, string[]? entities = null, string[]? groups = null,
        string? type = null, params string[] policies)
    {
        var (group, _, fault) = await Identity.WriteGroupAsync(
            new GroupWish("", name, type, policies, null, entities, groups), default);
        Assert.Null(fault);
        return group!;
    }

    public async Task<string> LogInAsync(string name, params string[] groups)
    {
        var (id, fault) = await Identity.LoginAsync(Login, new LoginAlias(name), groups, default);
        Assert.Null(fault);
        return id;
    }

    public async Task<IReadOnlyList<string>> PoliciesOfAsync(string entityId) =>
        (await Identity.ViewAsync(entityId, default))?.Policies ?? [];

    /// <summary>A token of this entity, and what becomes of a request with it.</summary>
    public async Task<string> TokenOfAsync(string entityId)
    {
        var (token, fault) = await Kernel.Tokens.CreateAsync(
            new TokenEntry { EntityId = entityId, Policies = ["default"], Path = "auth/people/login/x" },
            TimeSpan.FromHours(1), null, default);
        Assert.Null(fault);
        return token!.Token;
    }

    public async Task<Fault?> UseAsync(string token)
    {
        Assert.True(RequestPath.TryCreate("cubbyhole/x", out var path, out _));
        var request = new Request { Id = Guid.NewGuid(), Operation = Operation.Read, Path = path, Token = token };
        return (await Kernel.Tokens.AuthenticateAsync(request, default)).Fault;
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    private sealed class MuteEngine : IEngine
    {
        public IReadOnlyList<Route> Routes => [];
    }
}
