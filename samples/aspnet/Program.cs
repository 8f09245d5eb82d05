using Kist.Client.Hosting;
using Shop;

var builder = WebApplication.CreateSlimBuilder(args);
builder.AddKist();

builder.Services.Configure<ShopOptions>(builder.Configuration.GetSection("Shop"));
builder.Services.AddSingleton<Receipts>();
builder.Services.AddHealthChecks().AddKist();

var app = builder.Build();
app.MapGet("/receipts/{order}", (string order, Receipts receipts) => receipts.For(order));
app.MapHealthChecks("/healthz");
app.Run();
