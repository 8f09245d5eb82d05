using System.Globalization;
using System.Text;

namespace Kist.Agent;

/// <summary>A number that only grows.</summary>
internal sealed class Counter(string name, string help)
{
    private long _value;

    public string Name { get; } = name;

    public string Help { get; } = help;

    public long Value => Interlocked.Read(ref _value);

    public void Add() => Interlocked.Increment(ref _value);
}

/// <summary>What the agent has done, in numbers, for <c>/agent/v1/metrics</c>.</summary>
internal sealed class AgentMetrics
{
    private readonly List<Counter> _all = [];

    public AgentMetrics()
    {
        Logins = New("vault_agent_auth_success", "Logins that succeeded");
        FailedLogins = New("vault_agent_auth_failure", "Logins that failed");
        Renewals = New("kist_agent_token_renewals", "Renewals of the agent's token");
        Proxied = New("vault_agent_proxy_success", "Requests that the server answered");
        Failed = New("vault_agent_proxy_error", "Requests that the server could not be asked");
        Refused = New("vault_agent_proxy_client_error", "Requests that the server refused");
        Hits = New("vault_agent_cache_hit", "Requests answered from memory");
        Misses = New("vault_agent_cache_miss", "Requests that could be answered from memory another time");
        Stale = New("kist_agent_cache_stale", "Requests answered with the last known answer, the server being away");
        Events = New("kist_agent_events", "Changes that the server has told of");
        Renders = New("kist_agent_template_renders", "Files that were rendered and changed");
        FailedRenders = New("kist_agent_template_failures", "Renderings that failed");
    }

    public Counter Logins { get; }
    public Counter FailedLogins { get; }
    public Counter Renewals { get; }
    public Counter Proxied { get; }
    public Counter Failed { get; }
    public Counter Refused { get; }
    public Counter Hits { get; }
    public Counter Misses { get; }
    public Counter Stale { get; }
    public Counter Events { get; }
    public Counter Renders { get; }
    public Counter FailedRenders { get; }

    /// <summary>The text format of Prometheus.</summary>
    public string Prometheus()
    {
        var text = new StringBuilder();
        foreach (var counter in _all)
            text.Append(CultureInfo.InvariantCulture, $"# HELP {counter.Name} {counter.Help}\n")
                .Append(CultureInfo.InvariantCulture, $"# TYPE {counter.Name} counter\n")
                .Append(CultureInfo.InvariantCulture, $"{counter.Name} {counter.Value}\n");
        return text.ToString();
    }

    /// <summary>The JSON that Vault's metrics have (github.com/hashicorp/go-metrics, MetricsSummary).</summary>
    public string Json(DateTimeOffset now)
    {
        var counters = _all.Select(c => string.Create(CultureInfo.InvariantCulture,
            $$"""{"Name":"{{c.Name}}","Count":{{c.Value}},"Sum":{{c.Value}},"Labels":{} }"""));
        var time = now.ToString("yyyy-MM-dd HH:mm:ss '+0000 UTC'", CultureInfo.InvariantCulture);
        return $$"""{"Timestamp":"{{time}}","Gauges":[],"Points":[],"Counters":[{{string.Join(',', counters)}}],"""
            + "\"Samples\":[]}\n";
    }

    private Counter New(string name, string help)
    {
        var counter = new Counter(name, help);
        _all.Add(counter);
        return counter;
    }
}
